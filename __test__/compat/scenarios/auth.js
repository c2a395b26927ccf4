'use strict';

/** `auth`. */

const { ask } = require('../harness/texts.js');

const withAuth = (name, auth, lines = [], more = {}) => ({
  name,
  options: ({ target }) => ({ target, auth, ...more }),
  request: ask('/', lines),
});

module.exports = [
  withAuth('user and password', 'user:password'),
  withAuth('a password with a colon', 'user:pass:word'),
  withAuth('no password', 'user'),
  withAuth('an empty password', 'user:'),
  withAuth('latin1', 'us\xe9r:p\xe4ss'),
  withAuth('the client sends one', 'user:password', ['Authorization: Bearer client']),
  withAuth('the option headers has one', 'user:password', [], {
    headers: { authorization: 'Bearer option' },
  }),
  withAuth('the empty string', '', ['Authorization: Bearer client']),
  {
    name: 'in one call, and not in the next',
    app: ({ req, web }) => web(req.url === '/a' ? { auth: 'user:password' } : {}),
    request: [ask('/a'), ask('/b')],
  },
  {
    name: 'in one call, and not in the next, with ssl',
    options: ({ target }) => ({ target, ssl: {} }),
    app: ({ req, web }) => web(req.url === '/a' ? { auth: 'user:password' } : {}),
    request: [ask('/a'), ask('/b')],
  },
  { name: 'none, the client’s goes on', request: ask('/', ['Authorization: Bearer client']) },
];
