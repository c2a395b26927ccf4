'use strict';

/** Which events come, in which order, and with which arguments: the originals are asked the same, in the same run. */

const http = require('node:http');
const net = require('node:net');
const { types } = require('node:util');
const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawTarget,
} = require('../support/peers.js');
const { lastRequest } = require('../support/messages.js');

afterEach(closeAll);

const ORIGINALS = {
  'http-proxy-3': async () => require('http-proxy-3').createProxyServer,
  httpxy: async () => (await import('httpxy')).createProxyServer,
  'http-proxy': async () => require('http-proxy').createProxyServer,
};
const EVENTS = ['start', 'proxyReq', 'proxyRes', 'end', 'error', 'econnreset'];
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

const answering = (text, settings) => () => answeringTarget(text, settings);
const refusing = async () => ({ url: 'http://127.0.0.1:1' });

/** What an argument is; what was seen before must be the same object again. */
function kindOf(value, seen, targetUrl) {
  const known = Object.keys(seen).find((name) => seen[name] === value);
  if (known !== undefined) return known;
  if (types.isNativeError(value)) return `Error ${value.code}`;
  if (value instanceof net.Socket) return 'a socket';
  if (value instanceof http.OutgoingMessage && typeof value.path === 'string') {
    seen.proxyReq ??= value;
    return seen.proxyReq === value ? 'proxyReq' : 'another proxyReq';
  }
  if (value instanceof http.IncomingMessage) {
    seen.proxyRes ??= value;
    return seen.proxyRes === value ? 'proxyRes' : 'another proxyRes';
  }
  if (value?.href === `${targetUrl}/`) return 'the parsed target';
  if (value?.target?.href === `${targetUrl}/`) return 'options with the parsed target';
  return String(value);
}

/** Some originals tell of one failure once per stream that hears of it; ours tells of it once. */
const withoutRepeats = (log) =>
  log.filter((entry, i) => i === 0 || JSON.stringify(entry) !== JSON.stringify(log[i - 1]));

/** Plays a scenario through one proxy and gives its events, each with what its arguments are. */
async function play(create, { target: makeTarget, text, leaves, lasts = 'end', on = {} }) {
  const target = await makeTarget();
  const proxy = create({ target: target.url });
  const log = [];
  const seen = {};
  const record = (event, args) => log.push([event, ...args.map((arg) => kindOf(arg, seen, target.url))]);
  for (const event of EVENTS) {
    const listener = (...args) => {
      record(event, args);
      on[event]?.(...args);
      if (event === 'error' && !args[2].headersSent) args[2].writeHead(502).end();
    };
    // Ours makes a socket only for those who name it among their parameters.
    const named = (proxyReq, req, res, options, socket) =>
      listener(proxyReq, req, res, options, ...(socket === undefined ? [] : [socket]));
    proxy.on(event, event === 'proxyReq' ? named : listener);
  }
  const { port } = await httpServer((req, res) => {
    Object.assign(seen, { req, res });
    proxy.web(req, res);
  });
  const client = await rawClient(port, text);
  if (leaves !== undefined) {
    await leaves({ client, target });
    client.socket.resetAndDestroy();
  }
  await eventually(
    () => log.some(([event]) => event === lasts),
    () => JSON.stringify(log),
  );
  // Whatever comes too often comes now.
  await pause(40);
  client.socket.destroy();
  await closeAll();
  return { log, seen };
}

const SCENARIOS = {
  'a GET': { target: answering(OK), text: lastRequest('GET /a') },
  'a POST of known length': {
    target: answering(OK),
    text: lastRequest('POST /a', ['Content-Length: 4'], 'body'),
  },
  'a POST in chunks': {
    target: answering(OK),
    text: lastRequest('POST /a', ['Transfer-Encoding: chunked'], '4\r\nbody\r\n0\r\n\r\n'),
  },
  'a HEAD': {
    target: answering('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'),
    text: lastRequest('HEAD /a'),
  },
  'an answer without a body': {
    target: answering('HTTP/1.1 304 Not Modified\r\n\r\n'),
    text: lastRequest('GET /a'),
  },
  'an answer in chunks': {
    target: answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n'),
    text: lastRequest('GET /a'),
  },
  'an answer that a proxyRes listener gives': {
    target: answering(OK),
    text: lastRequest('GET /a'),
    on: { proxyRes: (proxyRes, req, res) => res.end('by hand') },
  },
  'a refused connection': { target: refusing, text: lastRequest('GET /a'), lasts: 'error' },
  'a refused connection for a POST': {
    target: refusing,
    text: lastRequest('POST /a', ['Content-Length: 4'], 'body'),
    lasts: 'error',
  },
  'a target that closes without an answer': {
    target: answering('', { end: 'fin' }),
    text: lastRequest('POST /a', ['Content-Length: 4'], 'body'),
    lasts: 'error',
  },
  'a target that answers garbage': {
    target: answering('garbage\r\n\r\n'),
    text: lastRequest('GET /a'),
    lasts: 'error',
  },
  'a target that resets in the middle of the body': {
    target: () =>
      rawTarget((connection) =>
        connection.onRequest(() => {
          connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n');
          setTimeout(() => connection.socket.resetAndDestroy(), 30);
        }),
      ),
    text: lastRequest('GET /a'),
    lasts: 'error',
  },
};

/** http-proxy does not notice clients that leave. */
const LEAVING = {
  'a client that leaves before the answer': {
    target: answering(''),
    text: lastRequest('GET /a'),
    leaves: async ({ target }) => (await target.connected()).received('\r\n\r\n'),
    lasts: 'econnreset',
  },
  'a client that leaves in the middle of its upload': {
    target: answering(''),
    text: lastRequest('POST /a', ['Content-Length: 10'], 'half'),
    leaves: async ({ target }) => (await target.connected()).received('half'),
    lasts: 'econnreset',
  },
  'a client that leaves in the middle of the answer': {
    target: answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    text: lastRequest('GET /a'),
    leaves: ({ client }) => client.received('half'),
    lasts: 'proxyRes',
  },
};

const cases = (scenarios, originals) =>
  Object.keys(scenarios).flatMap((name) => originals.map((original) => [name, original]));

describe('the originals emit the same events with the same arguments', () => {
  test.each([...cases(SCENARIOS, Object.keys(ORIGINALS)), ...cases(LEAVING, ['http-proxy-3', 'httpxy'])])(
    '%s, as %s',
    async (name, original) => {
      const scenario = SCENARIOS[name] ?? LEAVING[name];
      const theirs = await play(await ORIGINALS[original](), scenario);
      const ours = await play(createProxyServer, scenario);
      // The socket is http-proxy-3's alone.
      const hasSocket = original === 'http-proxy-3';
      const log = ours.log.map((entry) =>
        entry.filter((kind) => hasSocket || entry[0] !== 'proxyReq' || kind !== 'a socket'),
      );
      expect(log).toEqual(withoutRepeats(theirs.log));
    },
  );
});

test('a GET by the letter: start, proxyReq, proxyRes, end', async () => {
  const { log, seen } = await play(createProxyServer, SCENARIOS['a GET']);
  expect(log).toEqual([
    ['start', 'req', 'res', 'the parsed target'],
    ['proxyReq', 'proxyReq', 'req', 'res', 'options with the parsed target', 'a socket'],
    ['proxyRes', 'proxyRes', 'req', 'res'],
    ['end', 'req', 'res', 'proxyRes'],
  ]);
  expect(seen.proxyRes.statusCode).toBe(200);
  expect(seen.proxyRes.req).toBe(seen.proxyReq);
});
