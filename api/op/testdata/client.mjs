// A service that shares no code with ours: npm openid-client or oauth4webapi,
// for the tests of api/op. It is told the issuer, its name and its proof in the
// environment, learns everything else from discovery, prints the address for
// the browser, reads the address the browser came back to, and prints what it
// was told. It stops when its standard input closes.
import readline from 'node:readline';

const settings = JSON.parse(process.env.CLIENT);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => console.log(JSON.stringify(value));
const hear = async () => (await lines.next()).value;
const details = (issuer) => JSON.stringify([{ type: `${issuer}/rar/mandate-step/1`, actions: ['view'], procedures: ['housing.apl'] }]);
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS = 'urn:ietf:params:oauth:token-type:access_token';
const key = async () => crypto.subtle.importKey('jwk', settings.key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);

async function withOpenIDClient() {
  const client = await import('openid-client');
  const proof = settings.key
    ? client.PrivateKeyJwt({ key: await key(), kid: settings.key.kid })
    : settings.method === 'client_secret_post' ? client.ClientSecretPost(settings.secret) : client.ClientSecretBasic(settings.secret);
  const config = await client.discovery(new URL(settings.issuer), settings.id,
    { id_token_signed_response_alg: settings.alg, userinfo_signed_response_alg: settings.userinfo || undefined },
    proof, { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] });
  if (settings.software) {
    const got = await client.clientCredentialsGrant(config, { scope: settings.software });
    const seen = await client.tokenIntrospection(config, got.access_token);
    await client.tokenRevocation(config, got.access_token);
    const after = await client.tokenIntrospection(config, got.access_token);
    say({ scope: got.scope, active: seen.active, after: after.active });
    return;
  }
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const to = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: settings.redirect, scope: 'openid profile offline_access', state, nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    authorization_details: details(settings.issuer),
  });
  say({ to: to.href });
  const tokens = await client.authorizationCodeGrant(config, new URL(await hear()), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce });
  const { sub, sid, act } = tokens.claims();
  const info = await client.fetchUserInfo(config, tokens.access_token, sub);
  const seen = await client.tokenIntrospection(config, tokens.access_token);
  const next = await client.refreshTokenGrant(config, tokens.refresh_token);
  const exchanged = await client.genericGrantRequest(config, EXCHANGE, { subject_token: next.access_token, subject_token_type: ACCESS, audience: settings.audience });
  await client.tokenRevocation(config, next.refresh_token);
  const after = await client.tokenIntrospection(config, next.access_token);
  const end = client.buildEndSessionUrl(config, { id_token_hint: next.id_token, post_logout_redirect_uri: settings.bye, state: 'over' });
  say({ sub, sid, act, name: info.given_name, details: tokens.authorization_details, active: seen.active,
    rotated: next.refresh_token !== tokens.refresh_token, exchanged: exchanged.issued_token_type, after: after.active, end: end.href });
}

async function withOAuth4WebAPI() {
  const oauth = await import('oauth4webapi');
  const plain = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(settings.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plain));
  const client = { client_id: settings.id, id_token_signed_response_alg: settings.alg };
  const proof = settings.key ? oauth.PrivateKeyJwt({ key: await key(), kid: settings.key.kid })
    : settings.method === 'client_secret_post' ? oauth.ClientSecretPost(settings.secret) : oauth.ClientSecretBasic(settings.secret);
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const params = new URLSearchParams({
    client_id: settings.id, redirect_uri: settings.redirect, response_type: 'code', scope: 'openid profile offline_access', state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', authorization_details: details(settings.issuer),
  });
  const pushed = await oauth.processPushedAuthorizationResponse(as, client, await oauth.pushedAuthorizationRequest(as, client, proof, params, plain));
  const to = new URL(as.authorization_endpoint);
  to.search = new URLSearchParams({ client_id: settings.id, request_uri: pushed.request_uri });
  say({ to: to.href });
  // It demands iss in the answer, as discovery promises it (RFC 9207).
  const back = oauth.validateAuthResponse(as, client, new URL(await hear()), state);
  const answer = await oauth.authorizationCodeGrantRequest(as, client, proof, back, settings.redirect, verifier, plain);
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(as, answer, plain);
  const { sub, sid, act } = oauth.getValidatedIdTokenClaims(tokens);
  const info = await oauth.processUserInfoResponse(as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, plain));
  const look = async (token) => oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, proof, token, plain));
  const seen = await look(tokens.access_token);
  const next = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, proof, tokens.refresh_token, plain));
  const exchanged = await oauth.processGenericTokenEndpointResponse(as, client, await oauth.genericTokenEndpointRequest(as, client, proof, EXCHANGE,
    { subject_token: next.access_token, subject_token_type: ACCESS, audience: settings.audience }, plain));
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, proof, next.refresh_token, plain));
  const after = await look(next.access_token);
  const end = new URL(as.end_session_endpoint);
  end.search = new URLSearchParams({ id_token_hint: next.id_token, post_logout_redirect_uri: settings.bye, state: 'over' });
  say({ sub, sid, act, name: info.given_name, details: tokens.authorization_details, active: seen.active,
    rotated: next.refresh_token !== tokens.refresh_token, exchanged: exchanged.issued_token_type, after: after.active, end: end.href });
}

await (settings.library === 'openid-client' ? withOpenIDClient() : withOAuth4WebAPI());
process.exit(0);
