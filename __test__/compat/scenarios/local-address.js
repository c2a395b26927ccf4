'use strict';

/** `localAddress`. */

module.exports = [
  {
    name: 'another address of the loopback interface',
    options: ({ target }) => ({ target, localAddress: '127.0.0.2' }),
    exact: ['address'],
  },
  { name: 'none', exact: ['address'] },
  {
    name: 'in one call',
    perCall: () => ({ localAddress: '127.0.0.3' }),
    exact: ['address'],
  },
  {
    name: 'of the forward leg',
    forward: {},
    requests: 0,
    options: ({ forward }) => ({ forward, localAddress: '127.0.0.2' }),
    exact: ['address'],
  },
  {
    name: 'that this machine does not have',
    options: ({ target }) => ({ target, localAddress: '192.0.2.1' }),
    requests: 0,
    on: { error: (error, req, res) => res.end(`${error.code} ${error.syscall}`) },
  },
];
