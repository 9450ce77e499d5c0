// Looks again when something has changed at the case. Without it the page is the same, as it was when it was loaded.
const events = new EventSource(location.pathname + "/progress");
let first = true;
events.onmessage = () => {
  if (first) first = false;
  else if (!document.querySelector("details[open]")) location.reload(); // nobody's half-written reason is lost
};
