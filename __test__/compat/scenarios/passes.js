'use strict';

/** `before`, `after`, and passes of one's own. */

const { ask, send } = require('../harness/texts.js');

const NAMED = ['http-proxy', 'http-proxy-3'];

const passing = (name, prepare, more = {}) => ({ name, prepare, originals: NAMED, ...more });
const thrown = (call) => {
  try {
    call();
    return 'nothing';
  } catch (error) {
    return error.message;
  }
};

module.exports = [
  {
    name: 'the names of the passes',
    inspect: ({ proxy }) =>
      [proxy.webPasses, proxy.wsPasses].map((list) => list?.map((pass) => pass.name).join(' ')),
    originals: NAMED,
  },
  passing('before stream, a field added', (proxy) => {
    proxy.before('web', 'stream', (req) => {
      req.headers['x-pass'] = '1';
    });
  }),
  passing(
    'before stream, Expect taken off',
    (proxy) => {
      proxy.before('web', 'stream', (req) => {
        delete req.headers.expect;
      });
    },
    { request: ask('/', ['Expect: 100-continue']), patience: 1000 },
  ),
  passing('before stream, the options changed', (proxy) => {
    proxy.before('web', 'stream', (req, res, options) => {
      options.headers = { 'x-options': '1' };
    });
  }),
  passing(
    'before stream, answered and stopped',
    (proxy) => {
      proxy.before('web', 'stream', (req, res) => {
        res.end('stopped');
        return true;
      });
    },
    { requests: 0 },
  ),
  passing(
    'before deleteLength, the method is seen',
    (proxy) => {
      proxy.before('web', 'deleteLength', (req) => {
        req.headers['x-length'] = `${req.headers['content-length']}`;
      });
    },
    { request: ask('/', [], 'DELETE') },
  ),
  passing(
    'before XHeaders, with xfwd',
    (proxy) => {
      proxy.before('web', 'XHeaders', (req) => {
        req.headers['x-forwarded-for'] = '10.0.0.1';
      });
    },
    { options: ({ target }) => ({ target, xfwd: true }) },
  ),
  passing(
    'before stream, with xfwd',
    (proxy) => {
      proxy.before('web', 'stream', (req) => {
        req.headers['x-seen'] = req.headers['x-forwarded-for'];
      });
    },
    { options: ({ target }) => ({ target, xfwd: true }) },
  ),
  passing(
    'after XHeaders, with xfwd',
    (proxy) => {
      proxy.after('web', 'XHeaders', (req) => {
        req.headers['x-seen'] = `${req.headers['x-forwarded-for']}`;
      });
    },
    { options: ({ target }) => ({ target, xfwd: true }) },
  ),
  passing(
    'a pass does its work with a body',
    (proxy) => {
      proxy.before('web', 'stream', (req) => {
        req.headers['x-pass'] = '1';
      });
    },
    { request: send('hello') },
  ),
  passing('passes that run one after the other', (proxy) => {
    for (const name of ['deleteLength', 'timeout', 'XHeaders', 'stream']) {
      proxy.before('web', name, (req) => {
        req.headers['x-order'] = `${req.headers['x-order'] ?? ''}${name};`;
      });
    }
  }),
  passing('the arguments of a pass', (proxy) => {
    proxy.before('web', 'stream', (req, res, options, head, server, callback) => {
      req.headers['x-arguments'] = [
        req.url,
        typeof res.end,
        `${options.target?.port > 0}`,
        typeof head,
        `${server === proxy}`,
        typeof callback,
      ].join(' ');
    });
  }),
  passing(
    'webPasses assigned',
    (proxy) => {
      proxy.webPasses = [
        (req, res) => {
          res.end('assigned');
          return true;
        },
      ];
    },
    { requests: 0, originals: ['http-proxy-3'] },
  ),
  passing('webPasses changed in place', (proxy) => {
    proxy.webPasses.unshift((req) => {
      req.headers['x-unshifted'] = '1';
    });
  }),
  passing(
    'before with a pass and a target of the call',
    (proxy) => {
      proxy.before('web', 'stream', (req) => {
        req.headers['x-pass'] = '1';
      });
    },
    { options: () => ({}), perCall: ({ target }) => ({ target: `${target}/base` }) },
  ),
  {
    name: 'before and after by the names of passes',
    inspect: ({ proxy }) => [
      thrown(() => proxy.before('web', 'stream', () => {})),
      thrown(() => proxy.after('web', 'timeout', () => {})),
    ],
  },
  {
    name: 'a pass that there is not',
    inspect: ({ proxy }) => [
      thrown(() => proxy.before('web', 'nothing', () => {})),
      thrown(() => proxy.after('web', 'nothing', () => {})),
    ],
    originals: NAMED,
  },
  {
    name: 'a type that there is not',
    inspect: ({ proxy }) => [
      thrown(() => proxy.before('tcp', 'stream', () => {})),
      thrown(() => proxy.after('tcp', 'stream', () => {})),
    ],
    originals: NAMED,
  },
];
