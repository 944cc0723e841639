// An identity provider that shares no code with ours: npm oidc-provider, for
// the tests of authz/login. Its client and keys come as JSON in the
// environment. It prints its issuer, and stops when its standard input closes,
// so that no test leaves it behind.
import http from 'node:http';
import Provider from 'oidc-provider';

const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [JSON.parse(process.env.CLIENT)],
    jwks: JSON.parse(process.env.JWKS),
    acrValues: ['urn:test:strong'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: ['only for tests'] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256'] },
    features: { backchannelLogout: { enabled: true } },
    // Its guard refuses to call this very machine, where the tests listen.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: 'Amel Benali', email: `${id}@mediation.example`, email_verified: id !== 'luc' }),
    }),
    pkce: { required: () => true },
    ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 300, Interaction: 300, Session: 3600, Grant: 3600 },
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.on('end', () => process.exit(0)).resume();
