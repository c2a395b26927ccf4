'use strict';

/**
 * What listeners use of `proxyReq`: each member says, or does, what it does with http-proxy-3, which is asked in the same run.
 */

const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');
const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { OK, THEIRS, seen } = require('../support/looks.js');

afterEach(closeAll);

/** The port of a target is another one each time. */
const withoutPorts = (value) => JSON.parse(JSON.stringify(value).replaceAll(/(:|")\d{4,5}\b/g, '$1PORT'));

describe('proxyReq: what it says', () => {
  const looks = {
    'method, path, host, protocol': ({ method, path, host, protocol }) => [method, path, host, protocol],
    'the URL that loggers put together': (r) => r.protocol + '//' + r.host + r.path,
    'state before it is sent': (r) => [
      r.headersSent,
      r._header,
      r.reusedSocket,
      r.aborted,
      r.destroyed,
      r.writableEnded,
      r.res,
    ],
    getHeader: (r) => [r.getHeader('x-mine'), r.getHeader('X-MINE'), r.getHeader('nothing')],
    'hasHeader, getHeaderNames': (r) => [r.hasHeader('Origin'), r.getHeaderNames().includes('origin')],
    'getHeaders, a copy without a prototype': (r) => [
      r.getHeaders()['x-mine'],
      Object.getPrototypeOf(r.getHeaders()),
    ],
    'agent.protocol': (r, req, res, options) => [
      r.agent === false || r.agent.protocol,
      options.target.protocol,
    ],
    'what a socket can do': ({ socket }) =>
      [
        'setTimeout',
        'setKeepAlive',
        'setNoDelay',
        'on',
        'once',
        'pause',
        'resume',
        'destroy',
        'ref',
        'unref',
      ].map((method) => typeof socket[method]),
    'what it can do': (r) =>
      'setHeader removeHeader appendHeader write end flushHeaders setTimeout setNoDelay setSocketKeepAlive destroy abort on once'
        .split(' ')
        .map((method) => typeof r[method]),
  };

  test.each(Object.keys(looks))('%s', async (name) => {
    const [ours, theirs] = [
      await seen(createProxyServer, 'proxyReq', looks[name]),
      await seen(THEIRS, 'proxyReq', looks[name]),
    ];
    expect(ours.result).not.toBeUndefined();
    expect(withoutPorts(ours.result)).toEqual(withoutPorts(theirs.result));
  });

  test('it is an OutgoingMessage, and its socket a net.Socket', async () => {
    const { result } = await seen(createProxyServer, 'proxyReq', (r) => [
      r instanceof http.OutgoingMessage,
      r.socket instanceof net.Socket,
      r.connection === r.socket,
    ]);
    expect(result).toEqual([true, true, true]);
  });

  test('its socket says where it leads, if the target is an address', async () => {
    const look = (r, req, res, options, socket, target) => {
      const { remoteAddress, remotePort, remoteFamily } = r.socket;
      return { remoteAddress, remoteFamily, isPort: remotePort === (target ?? socket).port };
    };
    const { result } = await seen(createProxyServer, 'proxyReq', look);
    expect(result).toEqual({ remoteAddress: '127.0.0.1', remoteFamily: 'IPv4', isPort: true });
  });

  test('_headers, as users of old versions of Node read them', async () => {
    const { result } = await seen(createProxyServer, 'proxyReq', (r) => [
      r._headers.host,
      r._headers['x-mine'],
    ]);
    expect(result).toEqual(['me', '1']);
  });

  test('once it is sent: headersSent, _header, _headerSent; and fields cannot be changed', async () => {
    const look = (proxyRes) => {
      const { req } = proxyRes;
      let code;
      try {
        req.setHeader('x-late', '1');
      } catch (error) {
        code = error.code;
      }
      return [
        req.headersSent,
        req._headerSent,
        req._header.split('\r\n')[0],
        /\r\nx-mine: 1\r\n/.test(req._header),
        code,
      ];
    };
    const [ours, theirs] = [
      await seen(createProxyServer, 'proxyRes', look),
      await seen(THEIRS, 'proxyRes', look),
    ];
    expect(ours.result).toEqual(theirs.result);
  });
});

describe('proxyReq: what it does', () => {
  test('fields, path and method are sent as they were left', async () => {
    const { sent } = await seen(createProxyServer, 'proxyReq', (r) => {
      r.setHeader('X-Set', ['1', '2']);
      r.appendHeader('x-set', '3');
      r.removeHeader('origin');
      r.path = '/other?c';
      r.method = 'PUT';
      r.flushHeaders();
      r.setNoDelay(true);
      r.setSocketKeepAlive(true);
    });
    const { start, values, body } = readRequest(sent);
    expect({ start, body }).toEqual({ start: 'PUT /other?c HTTP/1.1', body: 'body' });
    expect([values('x-set'), values('origin')]).toEqual([['1', '2', '3'], []]);
  });

  test('write and end: a body of the listener’s, with the callbacks called', async () => {
    const { sent, result } = await seen(createProxyServer, 'proxyReq', async (r) => {
      const called = [];
      r.setHeader('content-length', 9);
      r.write('one ', 'utf8', () => called.push('write'));
      r.end('three', () => called.push('end'));
      await pause(20);
      return [...called, r.writableEnded, r.finished];
    });
    expect(readRequest(sent)).toMatchObject({ body: 'one three', isComplete: true });
    expect(result).toEqual(['write', 'end', true, true]);
  });

  test.each(['destroy', 'abort'])('%s: the request fails as with http-proxy-3', async (method) => {
    const play = async (create) => {
      const target = await answeringTarget('');
      const proxy = create({ target: target.url });
      const log = [];
      proxy.on('proxyReq', (proxyReq) => {
        proxyReq.on('error', (error) => log.push(`error ${error.code}`));
        proxyReq.on('close', () => log.push('close'));
        setTimeout(() => proxyReq[method](), 20);
      });
      proxy.on('error', (error, req, res) => {
        log.push(`told ${error.code} ${error.message}`);
        res.writeHead(502).end();
      });
      const { port } = await httpServer((req, res) => proxy.web(req, res));
      expect(readResponse(await rawExchange(port, lastRequest('GET /a'))).status).toBe(502);
      await eventually(() => log.includes('close'));
      return log.sort();
    };
    expect(await play(createProxyServer)).toEqual(await play(THEIRS));
  });

  test('a failure is told before the close, as with http-proxy-3', async () => {
    const play = async (create) => {
      const proxy = create({ target: 'http://127.0.0.1:1' });
      const log = [];
      proxy.on('proxyReq', (proxyReq) => proxyReq.on('close', () => log.push('close')));
      proxy.on('error', (error, req, res) => {
        log.push(`told ${error.code}`);
        res.writeHead(502).end();
      });
      const { port } = await httpServer((req, res) => proxy.web(req, res));
      await rawExchange(port, lastRequest('GET /a'));
      await eventually(() => log.includes('close'));
      return log;
    };
    const theirs = await play(THEIRS);
    expect(theirs).toEqual(['told ECONNREFUSED', 'close']);
    expect(await play(createProxyServer)).toEqual(theirs);
  });

  test('destroy(error): that error', async () => {
    const { text } = await seen(
      createProxyServer,
      'proxyReq',
      (r) => void r.destroy(new Error('of the listener')),
    );
    expect(text).toMatch(/^HTTP\/1\.1 502 .*\r\nof the listener\r\n/s);
  });

  test('on("error") hears of a failure, and on("response") of the response', async () => {
    const errors = [];
    const proxy = createProxyServer({ target: 'http://127.0.0.1:1' });
    proxy.on('proxyReq', (r) => r.on('error', (error) => errors.push(error.code)));
    proxy.on('error', (error, req, res) => res.end());
    const { port } = await httpServer((req, res) => proxy.web(req, res));
    await rawExchange(port, lastRequest('GET /a'));
    expect(errors).toEqual(['ECONNREFUSED']);
    const { result } = await seen(createProxyServer, 'proxyReq', (r) =>
      once(r, 'response').then(([response]) => [response.statusCode, r.res === response]),
    );
    expect(result).toEqual([200, true]);
  });

  test.each(['proxyReq', 'its socket'])(
    'setTimeout of %s: the listener is called, and nothing else happens by itself',
    async (whose) => {
      const target = await answeringTarget('');
      const proxy = createProxyServer({ target: target.url });
      const log = [];
      proxy.on('proxyReq', (r) => {
        r.on('timeout', () => log.push('event'));
        const returned = (whose === 'proxyReq' ? r : r.socket).setTimeout(30, () => log.push('callback'));
        log.push(returned === (whose === 'proxyReq' ? r : r.socket));
      });
      const { port } = await httpServer((req, res) => proxy.web(req, res));
      const client = await rawClient(port, lastRequest('GET /a'));
      await eventually(() => log.includes('callback'));
      await pause(20);
      expect(log).toEqual(whose === 'proxyReq' ? [true, 'event', 'callback'] : [true, 'callback']);
      expect(client.text).toBe('');
      target.connections[0].socket.write(OK);
      await client.received('good');
    },
  );

  test('setTimeout counts from the last byte, and what it leads to is the listener’s', async () => {
    const target = await rawTarget((connection) =>
      connection.onRequest(async () => {
        connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n');
        for (let i = 0; i < 4; i++) {
          await pause(60);
          connection.socket.write('some bytes');
        }
      }),
    );
    const proxy = createProxyServer({ target: target.url });
    let received = '';
    const atTimeout = [];
    proxy.on('proxyReq', (r) => r.setTimeout(150, () => atTimeout.push(received.length) && r.destroy()));
    proxy.on('error', () => {});
    const { port } = await httpServer((req, res) => proxy.web(req, res));
    const client = await rawClient(port, lastRequest('GET /a'));
    client.socket.on('data', (chunk) => (received += chunk));
    await client.closed();
    expect(client.text.match(/some bytes/g)).toHaveLength(4);
    expect(atTimeout).toEqual([client.text.length]);
  });

  test('setTimeout(0) takes it back', async () => {
    const timeouts = [];
    const { text } = await seen(createProxyServer, 'proxyReq', (r) => {
      r.setTimeout(20, () => timeouts.push(1));
      r.setTimeout(0);
    });
    await pause(40);
    expect(text).toMatch(/good$/);
    expect(timeouts).toEqual([]);
  });
});
