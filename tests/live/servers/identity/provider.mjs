// An OpenID provider on loopback: `provider.mjs JSON`, with port, client and accounts (roles by name). Prints `ready`.
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const { port, client, accounts } = JSON.parse(process.argv[2]);
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const account = (_, id) =>
  accounts[id] && { accountId: id, claims: () => ({ sub: id, roles: accounts[id], email: `${id}@voorbeeld.example` }) };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ grant_types: ["authorization_code"], response_types: ["code"], ...client }],
  jwks: { keys: [{ ...key, use: "sig", alg: "RS256", kid: "test" }] },
  claims: { openid: ["sub"], profile: ["roles"], email: ["email"] },
  conformIdTokenClaims: false, // the claims stand in the ID token, as most companies set it up
  findAccount: account,
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: true } }, // a form that takes any password
  pkce: { required: () => true },
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
