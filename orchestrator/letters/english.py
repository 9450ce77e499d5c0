"""The letters in English."""

from orchestrator.letters.words import Section, ToAccess, ToRecipient, Words
from orchestrator.sentences import Waits
from topics.events import Right

_SECTIONS = {
    Section.GONE: ("What we have deleted", "We looked again afterwards: these data are no longer there."),
    Section.ANONYMOUS: (
        "What is no longer about you",
        "These data are still there, but nobody can tell from them any more that they were about you.",
    ),
    Section.KEPT: ("What we must keep", "We do not delete these data now. For each kind you read why not."),
    Section.SHUT: ("What we have shut off", "These data are still there. We only store them, and do not use them."),
    Section.FREE: ("What we may use again", "These data are not, or no longer, shut off."),
    Section.AGEING: (
        "What goes by itself",
        "We cannot delete these data separately. They go by themselves, by a fixed rule. We do not check that ourselves.",
    ),
    Section.AGED: ("What must have gone by itself", "This follows from a fixed rule. We have not looked ourselves."),
    Section.PROMISED: ("What has been promised to us", "A supplier has promised to do this. We cannot yet confirm that it was done."),
    Section.UNCHECKED: ("What we still have to check", "We have ordered this, but not yet checked that it was done."),
    Section.OPEN: ("What is not finished yet", "Data about you may still be here."),
    Section.TO_DECIDE: (
        "What we still have to decide",
        "Our supplier's system could not undo here what you ask. One of our staff first decides whether it is done. Until then these data "
        "are as they were.",
    ),
    Section.BY_HAND: ("What one of our staff still has to do or decide", "Data about you may still be here."),
    Section.UNKNOWN: (
        "Where we could not look you up",
        "We cannot search here with what we know of you. Do you have a customer number, for example? Then please send it to us.",
    ),
    Section.IMPOSSIBLE: (
        "What did not work",
        "These data are still there. Our supplier's system does not allow what is needed here.",
    ),
    Section.TURNED_DOWN: ("What we do not do", "Nothing more was changed here."),
    Section.ABSENT: ("Where we found nothing", "We searched here with the data that we have of you."),
    Section.NEEDLESS: ("Where nothing needs to be done", "According to our records nothing needs to be done here. We did not search here."),
    Section.TOLD: (
        "Whom we have told",
        "These organisations had received data about you from us. We have told them by letter (GDPR art. 19), and keep the proof. "
        "Would you like to know which organisations they are? Please ask us.",
    ),
}

_AREAS = {
    "ticketing": "our customer service",
    "mailing_list": "our mailing list",
    "accounting": "our bookkeeping",
    "payments": "our payments",
    "hosting": "our website and e-mail services",
    "mailbox": "our e-mail",
    "analytics": "our visitor statistics",
    "remote_support": "our remote support",
    "database": "our own administration",
    "other": "another system or archive of ours",
}

_NOUNS = {
    "": ("other item", "other items"),
    "access_user": ("user with access", "users with access"),
    "address": ("e-mail address", "e-mail addresses"),
    "attachment": ("attachment", "attachments"),
    "backup": ("backup copy", "backup copies"),
    "ban": ("block", "blocks"),
    "block": ("blocked address", "blocked addresses"),
    "circular": ("message to many people", "messages to many people"),
    "comment": ("comment", "comments"),
    "connection_report": ("report of a connection", "reports of connections"),
    "contact": ("contact entry", "contact entries"),
    "contact_person": ("contact person", "contact persons"),
    "copy": ("copy", "copies"),
    "customer": ("customer entry", "customer entries"),
    "desk_customer": ("service desk customer", "service desk customers"),
    "draft": ("draft invoice", "draft invoices"),
    "estimate": ("quotation", "quotations"),
    "forward": ("forwarding address", "forwarding addresses"),
    "invoice": ("invoice", "invoices"),
    "log": ("log file", "log files"),
    "mailbox": ("mailbox", "mailboxes"),
    "mandate": ("mandate", "mandates"),
    "message": ("message", "messages"),
    "order": ("order", "orders"),
    "organization_member": ("member of an organisation", "members of an organisation"),
    "payment": ("payment", "payments"),
    "payment_link": ("payment link", "payment links"),
    "quarantined_message": ("quarantined message", "quarantined messages"),
    "record": ("item", "items"),
    "recording": ("recording", "recordings"),
    "recurring_invoice": ("recurring invoice", "recurring invoices"),
    "session": ("session", "sessions"),
    "shared_forward": ("shared forwarding address", "shared forwarding addresses"),
    "subject": ("profile", "profiles"),
    "subscriber": ("sign-up", "sign-ups"),
    "subscription": ("subscription", "subscriptions"),
    "subscription_request": ("request to subscribe", "requests to subscribe"),
    "ticket": ("support message", "support messages"),
    "transaction": ("entry in the books", "entries in the books"),
    "user": ("user", "users"),
    "visit": ("visit", "visits"),
    "worklog": ("note of work done", "notes of work done"),
}

_WAITS = {
    Waits.KEEPS: (
        "We do not delete yet. You asked us to keep your data, and only to restrict their use (GDPR art. 18(1)). For as long as"
        " that holds, we do not delete them. Do you want us to delete them after all? Then ask us to end the restriction."
    ),
    Waits.CLAIM: (
        "We do not delete yet. Data about you are needed for a legal dispute (GDPR art. 17(3)(e)). We go on when that is over, "
        "or when we decide so earlier. Do you think that your data are not needed for it? Please tell us why."
    ),
    Waits.OBJECTION_EXAMINED: (
        "We do not delete yet. We first examine your objection (GDPR art. 21(1)). If you are right, we delete your data. Do you"
        " want to add to your objection? Please tell us."
    ),
    Waits.OBJECTION_REJECTED: (
        "We do not delete yet. We did not find the objection justified on which this request rests (GDPR art. 21(1)). We have "
        "yet to decide whether there is another reason to delete. Do you know one? Please tell us."
    ),
    Waits.RESTRICTION: (
        "We do not end it yet. You also asked us to restrict the use of your data (GDPR art. 18), and not to end that one. Do "
        "you want that too? Please tell us."
    ),
    Waits.STILL_EXAMINED: (
        "We do not end it yet. We first examine your objection (GDPR art. 18(1)(d)). Do you want to withdraw it, or to add to "
        "it? Please tell us."
    ),
    Waits.OBJECTION_UPHELD: (
        "We do not end it yet. Your objection was justified, and that is why we no longer use your data (GDPR art. 21(1)). Do "
        "you want us to use them again? Please tell us."
    ),
    Waits.NOT_STOPPED: (
        "We do not end it yet. You objected, or withdrew your consent (GDPR art. 7(3) and 21(3)), and that has not been carried"
        " out everywhere. Do you want us to use your data again all the same? Please tell us."
    ),
    Waits.KEPT_FOR_LAW: (
        "We do not end it yet. Some of your data we store only because we must (GDPR art. 17(3)), and those stay shut off. Do "
        "you need them yourself? Please tell us."
    ),
}

_RECIPIENT = ToRecipient(
    about={
        "erase": "Erasure of personal data (GDPR art. 17 and 19)",
        "restrict": "Restriction of the use of personal data (GDPR art. 18 and 19)",
        "lift": "End of a restriction of personal data",
    },
    done={
        "erase": "We are deleting the personal data of the person named at the end of this letter.",
        "restrict": "We restrict the use of the personal data of the person named at the end of this letter: we only store them "
        "from now on.",
        "lift": "We end the restriction of the personal data of the person named at the end of this letter.",
    },
    duty="You have received data of this person from us, or process them for us. That is why we tell you this.",
    own={
        "erase": "Are you responsible for these data yourself? Then please find out whether you too must delete them.",
        "restrict": "Are you responsible for these data yourself? Then please find out whether you too must restrict their use.",
        "lift": "Are you responsible for these data yourself? Then please find out whether you too can end the restriction.",
    },
    ordered={
        "erase": "Do you process these data for us? Then this letter is our instruction to delete them, with all copies, except what "
        "the law obliges you to keep (GDPR art. 28(3)).",
        "restrict": "Do you process these data for us? Then this letter is our instruction to do no more than store them "
        "(GDPR art. 28(3)).",
        "lift": "Do you process these data for us? Then you may use them again as agreed with us (GDPR art. 28(3)).",
    },
    confirm_by="Please tell us in writing, by {day}, what you have done and on which day.",
    confirm_soon="Please tell us in writing, as soon as you can, what you have done and on which day.",
    only_reference="Please name our reference in your answer, and not the name of the person.",
    to="To (fill in by hand):",
    code="Person (code)",
    who="Whom this is about. Fill this in by hand: this letter was made without data of the person.",
    name="Name:",
    known_by="Number or address under which you know the person:",
)

_ACCESS = ToAccess(
    about="Where your personal data are (GDPR art. 15)",
    received="On {day} we received your question which data we have of you. You read below who holds data about you for us, or "
    "has received them from us, and of which kind they are.",
    holders=("Who holds data about you", "In brackets you read what we use it for."),
    no_copy="This letter says where your data are. It is not a copy of them. What we use them for, and for how long, is told in our "
    "privacy statement.",
)

ENGLISH = Words(
    months=(
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ),
    gdpr="GDPR",
    reference="Our reference",
    about_word="Subject",
    greeting="Good day,",
    closing="Kind regards,",
    about={
        Right.ERASURE: "The erasure of your personal data",
        Right.RESTRICTION: "The restriction of the use of your personal data",
        Right.LIFTING: "The end of the restriction of your personal data",
        Right.OBJECTION: "Your objection to the use of your personal data",
        Right.WITHDRAWAL: "The withdrawal of your consent",
    },
    received={
        Right.ERASURE: "On {day} we received the request to erase your personal data.",
        Right.RESTRICTION: "On {day} we received the request to restrict the use of your personal data.",
        Right.LIFTING: "On {day} we received the request to end the restriction of your personal data.",
        Right.OBJECTION: "On {day} we received your objection to the use of your personal data.",
        Right.WITHDRAWAL: "On {day} we received the message that you withdraw your consent.",
    },
    no_longer_needed="On {day} it was noted with us that your personal data are to be deleted, because we no longer need them.",
    done="We have carried this out in all the systems listed below.",
    done_but_kept="We have carried this out in all the systems listed below. Some of your data are still there. You read below which, why, "
    "and until when.",
    not_done="We have not finished yet. You read below what has been done and what has not.",
    until="The law gives us the time until the end of {day}. When something changes, you get a new letter.",
    late="We should have finished by {day}. We did not manage that. When something changes, you get a new letter.",
    answered_late="We should have answered you by {day}. We did not manage that.",
    refused_late="We should have told you this by {day} (GDPR art. 12(4)). We did not manage that.",
    promise_broken="We had promised to answer you by {day}. We did not keep that promise.",
    waits=_WAITS,
    lifting_from="From {day} on we end the restriction of the use of your personal data. After that we may use them again. We tell you "
    "so before it happens (GDPR art. 18(3)).",
    lifting_now="We are ending the restriction of the use of your personal data. After that we may use them again (GDPR art. 18(3)).",
    turned_down="We do not carry this out.",
    rest_turned_down="We carry this out no further. What has been done, you read below.",
    referred="We do not carry this out ourselves. We process these data for another organisation, which decides on them. Your request was "
    "therefore passed on to that organisation (GDPR art. 28(3)).",
    examining="We are still examining your objection. You read below what happens to your data meanwhile.",
    objection_upheld="You are right: your objection is justified.",
    objection_rejected="We have examined your objection, and do not find it justified.",
    upheld="We have decided to carry this out.",
    paused="We must first be certain that this request comes from you. Until then we do not go on, and the time stands still "
    "(GDPR art. 12(6)).",
    was_paused="From {began} to {ended} the time stood still. We then first had to be certain that the request came from you.",
    extended="On {day} we noted that we need two further months (GDPR art. 12(3)).",
    reason="Our reason: “{reason}”",
    fixed_reasons={},  # they are English on the certificate
    sections=_SECTIONS,
    areas=_AREAS,
    nouns=_NOUNS,
    statutes={
        "AWR art. 52(4)": "by which we must keep our books for seven years for the Dutch tax authority",
        "Wet OB 1968 art. 34a": "by which we must keep data on the VAT of buildings and land for longer",
        "Directive 2006/112/EC art. 369k(2)": "by which we must keep sales to customers in other EU countries for ten years",
    },
    kept_until="{what}, until the end of {day}.",
    law="The law that demands this: {statute} (an exception under {exception}).",
    claim="We need this for a legal dispute ({exception}).",
    claim_until="{what}. We look at this again by {day}.",
    over="That day has passed: this is still to be deleted.",
    belongs_to="{what}, until the end of {day}. This belongs to {kinds} that we must keep.",
    rule_stands="This rule stands in: “{source}”",
    stays_shut="It stays shut off for as long as that lasts.",
    not_yet_erased="Deleting has not worked here yet.",
    can_be_lifted="You can ask us to end the restriction. Before it ends, we tell you so (GDPR art. 18(3)).",
    until_decided="This stays so until we have decided on your objection (GDPR art. 18(1)(d)).",
    gone_after="{what}, gone after {day} at the latest.",
    should_be_gone="{what}, gone after {day}.",
    told_on="{area}: on {day}.",
    disagree="Do you disagree?",
    tell_us="Please tell us: {contact}.",
    complaint="You can lodge a complaint with {authority} (GDPR art. 77).",
    court="You can go to court (GDPR art. 79).",
    courts_of={"NL": "In the Netherlands you mostly have six weeks from our answer for that (UAVG art. 34 and 35)."},
    authorities={"NL": "the Dutch data protection authority (Autoriteit Persoonsgegevens), autoriteitpersoonsgegevens.nl"},
    any_authority="the data protection authority of the country where you live or work, or where you think that it went wrong",
    limits="What this letter does not say",
    limits_of="This letter is about the systems listed above, and about data that we could find with what we know of you. Copies may still "
    "be in suppliers' backups and log files, except where a day is given above.",
    we_keep="We keep a proof of how this was handled. Your name is not in it.",
    we_keep_request="The request itself stays in our message system until the end of {day}.",
    we_keep_request_sealed="The request itself stays in our message system, encrypted, until the end of {day}.",
    we_keep_sealed="We go on storing an encrypted copy of the request.",
    we_keep_key="We can read an encrypted copy of the request until {day} at the latest. After that nobody can.",
    we_keep_tokens="To notice if your data come back by mistake, from a backup for example, we keep an unreadable mark of them until the "
    "end of {day}, and use it for nothing else. You may object to that (GDPR art. 21(1)).",
    address="This letter goes to the address that we already have of you. Neither your name nor your address stands in the letter.",
    recipient=_RECIPIENT,
    access=_ACCESS,
)  # fmt: skip
