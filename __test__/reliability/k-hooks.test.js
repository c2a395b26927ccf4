'use strict';

/** What listeners can do wrong (reliability rows K-15 and K-25). */

const { setTimeout: pause } = require('node:timers/promises');
const { FACES } = require('../support/faces.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { answeringTarget, closeAll, eventually, rawExchange } = require('../support/peers.js');
const { released } = require('../support/engine.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const POST = lastRequest('POST /', ['Content-Length: 5'], 'hello');
const GET = lastRequest('GET /');

afterEach(closeAll);

const moment = () => pause(50);

describe.each(FACES)('%s', (_name, face) => {
  const LATE = {
    setHeader: (proxyReq) => proxyReq.setHeader('x-late', '1'),
    removeHeader: (proxyReq) => proxyReq.removeHeader('host'),
    'setHeader with a bad value': (proxyReq) => proxyReq.setHeader('x-late', 'a\r\nb'),
  };

  test.each(Object.keys(LATE))('K-15 %s after the request was sent throws as with Node', async (what) => {
    const target = await answeringTarget(OK);
    const codes = [];
    const late = (proxyReq) => {
      try {
        LATE[what](proxyReq);
        codes.push('nothing');
      } catch (error) {
        codes.push(error.code);
      }
    };
    const on = { proxyReq: (proxyReq) => setTimeout(late, 20, proxyReq), proxyRes: ({ req }) => late(req) };
    const { port } = await face({ target: target.url, on });
    expect(readResponse(await rawExchange(port, POST))).toMatchObject({ status: 200, body: 'ok' });
    await eventually(() => codes.length === 2);
    expect(codes).toEqual(['ERR_HTTP_HEADERS_SENT', 'ERR_HTTP_HEADERS_SENT']);
    expect(target.connections[0].text).not.toMatch(/x-late/);
  });

  const ENDS = {
    'calls end': [(proxyReq) => proxyReq.end(), 200],
    'calls end twice': [(proxyReq) => proxyReq.end().end(), 200],
    'calls end with a body': [(proxyReq) => proxyReq.end('other'), 200],
    'calls destroy': [(proxyReq) => proxyReq.destroy(), 502],
    'calls destroy twice': [(proxyReq) => proxyReq.destroy().destroy(), 502],
    'calls destroy with an error': [(proxyReq) => proxyReq.destroy(new Error('mine')), 502],
    'calls abort': [(proxyReq) => proxyReq.abort(), 502],
    'calls abort and destroy': [(proxyReq) => [proxyReq.abort(), proxyReq.destroy()], 502],
    'calls end and destroy': [(proxyReq) => proxyReq.end().destroy(), 502],
    'calls write after end': [(proxyReq) => [proxyReq.end(), proxyReq.write('more')], 200],
    throws: [
      () => {
        throw Object.assign(new Error('mine'), { code: 'MINE' });
      },
      502,
    ],
    'destroys and throws': [
      (proxyReq) => {
        proxyReq.destroy();
        throw Object.assign(new Error('mine'), { code: 'MINE' });
      },
      502,
    ],
    'answers the client': [(_proxyReq, _req, res) => res.end('mine'), 200],
    // As with Node: what is destroyed before its answer has failed.
    'answers the client and destroys': [
      (proxyReq, _req, res) => [res.end('mine'), proxyReq.destroy()],
      200,
      1,
    ],
  };

  test.each(Object.keys(ENDS))('K-15 a proxyReq listener that %s: there is one outcome', async (what) => {
    const [listener, status, failed = status === 200 ? 0 : 1] = ENDS[what];
    const target = await answeringTarget(OK);
    const failures = [];
    const on = {
      proxyReq: listener,
      error: (error, _req, res) => {
        failures.push(error);
        if (!res.headersSent) res.writeHead(502).end('told');
      },
    };
    const { port } = await face({ target: target.url, on });
    const answer = readResponse(await rawExchange(port, POST));
    expect(answer).toMatchObject({ status, isComplete: true, rest: '' });
    await released();
    await moment();
    expect(failures).toHaveLength(failed);
    for (const { text } of target.connections) {
      if (text === '') continue;
      const { body, rest } = readRequest(text);
      expect(['', 'hello', 'other']).toContain(body);
      expect(rest).toBe('');
    }
  });

  test.each([
    ['end', { end: thrower }],
    ['end, which rejects', { end: async () => thrower() }],
  ])('K-25 a listener of %s that fails does not harm the response', async (_event, on) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url, on });
    for (let i = 0; i < 2; i++) {
      expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'ok', rest: '' });
    }
    await released();
  });

  function thrower() {
    throw new RangeError('of the listener');
  }
});
