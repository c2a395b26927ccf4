'use strict';

/** What `proxyReq` listeners do takes effect on the wire, as it does with http-proxy-3, which is asked the same. */

const http = require('node:http');
const { createProxyServer } = require('../../index.js');
const { answeringTarget, closeAll, eventually, httpServer, rawExchange } = require('../support/peers.js');
const { lastRequest, readRequest } = require('../support/messages.js');
const { statusOf } = require('../support/faults.js');

afterEach(closeAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
const PROXIES = [
  ['ours', createProxyServer],
  ['http-proxy-3', require('http-proxy-3').createProxyServer],
];

/**
 * Sends a request through a proxy with these `proxyReq` listeners.
 *
 * @param {Function} create makes the proxy
 * @param {{ listeners: Function[], text: string, options?: object, app?: Function }} settings `app` sees each request before the proxy
 */
async function send(create, { listeners, text, options, app = async () => {} }) {
  const target = await answeringTarget(OK);
  const proxy = create({ target: target.url, ...options });
  const errors = [];
  for (const listener of listeners) proxy.on('proxyReq', listener);
  proxy.on('error', (error, req, res) => {
    errors.push(error);
    res.writeHead(502).end();
  });
  const { port } = await httpServer(async (req, res) => {
    await app(req, res);
    proxy.web(req, res);
  });
  const answer = await rawExchange(port, text);
  const received = target.connections.map((connection) => connection.text).join('');
  return { answer, errors, received, target, message: received === '' ? null : readRequest(received) };
}

const get = (lines = []) => lastRequest('GET /a?b=1', lines);
const post = (body, lines = []) => lastRequest('POST /a', [`Content-Length: ${body.length}`, ...lines], body);

/** Title: what the listener does, what was asked (a GET unless it says), and what the target must receive. */
const EDITS = {
  'setHeader adds a field': {
    does: (proxyReq) => proxyReq.setHeader('X-Added', 'yes'),
    values: { 'x-added': ['yes'] },
  },
  'setHeader replaces a field, whatever its case': {
    does: (proxyReq) => proxyReq.setHeader('X-MINE', 'theirs'),
    text: get(['X-Mine: mine']),
    values: { 'x-mine': ['theirs'] },
  },
  'setHeader replaces the Host': {
    does: (proxyReq) => proxyReq.setHeader('host', 'other.example'),
    values: { host: ['other.example'] },
  },
  'setHeader takes several values': {
    does: (proxyReq) => proxyReq.setHeader('x-many', ['1', '2']),
    values: { 'x-many': ['1', '2'] },
  },
  'setHeader takes a number': {
    does: (proxyReq) => proxyReq.setHeader('x-number', 7),
    values: { 'x-number': ['7'] },
  },
  'setHeader takes latin1': {
    does: (proxyReq) => proxyReq.setHeader('x-latin', 'caf\xe9'),
    values: { 'x-latin': ['caf\xe9'] },
  },
  'appendHeader adds to what there is': {
    does: (proxyReq) => proxyReq.appendHeader('x-mine', 'second').appendHeader('x-mine', 'third'),
    text: get(['X-Mine: first']),
    values: { 'x-mine': ['first', 'second', 'third'] },
  },
  'removeHeader takes a field away': {
    does: (proxyReq) => proxyReq.removeHeader('X-Secret'),
    text: get(['X-Secret: s', 'X-Open: o']),
    values: { 'x-secret': [], 'x-open': ['o'] },
  },
  'a field is removed, and set again': {
    does: (proxyReq) => {
      proxyReq.removeHeader('cookie');
      proxyReq.setHeader('cookie', `${proxyReq.getHeader('cookie')}`);
    },
    text: get(['Cookie: a=1']),
    values: { cookie: ['undefined'] },
  },
  'a field that was removed stands behind the others when it is set again': {
    does: (proxyReq) => {
      proxyReq.removeHeader('X-Mine');
      proxyReq.setHeader('x-mine', 'new');
    },
    text: get(['X-Mine: old', 'X-Other: o']),
    values: { 'x-mine': ['new'], 'x-other': ['o'] },
    last: 'x-mine',
  },
  'of two edits of one field the later one counts': {
    does: (proxyReq) => {
      proxyReq.setHeader('x-mine', 'first');
      proxyReq.setHeader('X-MINE', 'second');
      proxyReq.setHeader('x-gone', '1');
      proxyReq.removeHeader('X-Gone');
    },
    text: get(['X-Mine: old']),
    values: { 'x-mine': ['second'], 'x-gone': [] },
  },
  'removeHeader of what is no field, or cannot be one, does nothing': {
    does: (proxyReq) =>
      ['x-none', '', 'a b', ':x-mine', 'x-mine\n', 'Ā'].forEach((name) => proxyReq.removeHeader(name)),
    text: get(['X-Mine: mine']),
    values: { 'x-mine': ['mine'] },
  },
  'what was set can be read': {
    does: (proxyReq) => {
      proxyReq.setHeader('X-Mine', 7).removeHeader('x-other');
      const names = proxyReq.getRawHeaderNames().filter((name) => /^x-/i.test(name));
      proxyReq.setHeader('x-saw', `${typeof proxyReq.getHeader('x-mine')} ${names}`);
    },
    text: get(['x-mine: old', 'x-other: o']),
    values: { 'x-mine': ['7'], 'x-saw': ['number X-Mine'] },
  },
  'getHeader and hasHeader say what the client sent': {
    does: (proxyReq) =>
      proxyReq.setHeader('x-saw', `${proxyReq.getHeader('x-MINE')} ${proxyReq.hasHeader('x-other')}`),
    text: get(['X-Mine: mine']),
    values: { 'x-saw': ['mine false'] },
  },
  'the path is assigned': {
    does: (proxyReq) => (proxyReq.path = `/prefix${proxyReq.path}&c=%20`),
    start: 'GET /prefix/a?b=1&c=%20 HTTP/1.1',
  },
  'the method is assigned': {
    does: (proxyReq) => (proxyReq.method = 'OPTIONS'),
    start: 'OPTIONS /a?b=1 HTTP/1.1',
  },
  'write and end give a GET a body': {
    does: (proxyReq) => {
      proxyReq.method = 'POST';
      proxyReq.setHeader('content-length', 6);
      proxyReq.write('écr');
      proxyReq.end(Buffer.from('it'));
    },
    start: 'POST /a?b=1 HTTP/1.1',
    values: { 'content-length': ['6'] },
    body: Buffer.from('écrit').toString('latin1'),
  },
  'write takes encodings and bytes': {
    does: (proxyReq) => {
      proxyReq.setHeader('content-length', 5);
      proxyReq.write('6869', 'hex');
      proxyReq.write(new Uint8Array([0x21, 0xff]));
      proxyReq.end('Pw==', 'base64');
    },
    text: post(''),
    body: 'hi!\xff?',
  },
  'what is written stands before the body of the client': {
    does: (proxyReq) => {
      proxyReq.setHeader('content-length', 8);
      proxyReq.write('mine');
    },
    text: post('body'),
    body: 'minebody',
  },
};
/** Ours handles the fields in another way once a listener has read them. */
const WAYS = [
  ['', []],
  [' (after the fields were read)', [(proxyReq) => proxyReq.getHeaderNames()]],
];
const ALL = PROXIES.flatMap(([name, create]) =>
  WAYS.flatMap(([way, before]) => Object.keys(EDITS).map((edit) => [name, edit, way, before, create])),
);

test.each(ALL)('%s: %s%s', async (_name, edit, _way, before, create) => {
  const { does, text = get(), start, values = {}, body = '', last } = EDITS[edit];
  const { answer, errors, message } = await send(create, { listeners: [...before, does], text });
  expect(errors).toEqual([]);
  expect(statusOf(answer)).toBe(200);
  if (start !== undefined) expect(message.start).toBe(start);
  for (const [name, expected] of Object.entries(values)) expect(message.values(name)).toEqual(expected);
  if (last !== undefined) {
    const names = message.fields.map(([name]) => name).filter((name) => name in values);
    expect(names.at(-1)).toBe(last);
  }
  expect({ body: message.body, rest: message.rest, isComplete: message.isComplete }).toEqual({
    body,
    rest: '',
    isComplete: true,
  });
});

describe.each(PROXIES)('%s', (_name, create) => {
  test('what a listener can read before anything is sent', async () => {
    let seen;
    const look = (proxyReq) => {
      const { host, protocol, path, method, headersSent, writableEnded, destroyed } = proxyReq;
      const fields = { 'x-mine': proxyReq.getHeaders()['x-mine'], host: proxyReq.getHeaders().host };
      const names = proxyReq.getHeaderNames().includes('x-mine');
      seen = { host, protocol, path, method, headersSent, writableEnded, destroyed, fields, names };
      seen.isNodes = proxyReq instanceof http.OutgoingMessage;
      seen.agentProtocol = proxyReq.agent.protocol;
    };
    await send(create, { listeners: [look], text: get(['X-Mine: mine']) });
    expect(seen).toEqual({
      host: '127.0.0.1',
      protocol: 'http:',
      path: '/a?b=1',
      method: 'GET',
      headersSent: false,
      writableEnded: false,
      destroyed: false,
      fields: { 'x-mine': 'mine', host: 'me' },
      names: true,
      isNodes: true,
      agentProtocol: 'http:',
    });
  });

  test('it reads what the options have made of the request', async () => {
    let seen;
    const look = (proxyReq) => (seen = [proxyReq.path, proxyReq.getHeader('x-option')]);
    const options = { headers: { 'X-Option': 'set' }, ignorePath: true };
    await send(create, { listeners: [look], text: get(), options });
    expect(seen).toEqual(['/', 'set']);
  });

  test('several listeners: each sees what the ones before it did', async () => {
    const add = (letter) => (proxyReq) =>
      proxyReq.setHeader('x-who', `${proxyReq.getHeader('x-who') ?? ''}${letter}`);
    const { message } = await send(create, { listeners: [add('a'), add('b'), add('c')], text: get() });
    expect(message.values('x-who')).toEqual(['abc']);
  });

  test('a body that a parser has read is written again by the listener', async () => {
    const app = async (req) => {
      const chunks = [];
      for await (const chunk of req) chunks.push(chunk);
      req.body = JSON.parse(Buffer.concat(chunks).toString());
    };
    const fixBody = (proxyReq, req) => {
      const text = JSON.stringify({ ...req.body, seen: 'ü' });
      proxyReq.setHeader('content-type', 'application/json; charset=utf-8');
      proxyReq.setHeader('content-length', Buffer.byteLength(text));
      proxyReq.write(text);
      proxyReq.end();
    };
    const text = post('{"a":1}', ['Content-Type: application/json']);
    const { answer, message } = await send(create, { listeners: [fixBody], text, app });
    expect(statusOf(answer)).toBe(200);
    const body = Buffer.from('{"a":1,"seen":"ü"}').toString('latin1');
    expect(message.body).toBe(body);
    expect(message.values('content-type')).toEqual(['application/json; charset=utf-8']);
    expect(message.values('content-length')).toEqual([`${body.length}`]);
  });

  test.each([
    ['destroy()', (proxyReq) => proxyReq.destroy(), { code: 'ECONNRESET', message: 'socket hang up' }],
    ['abort()', (proxyReq) => proxyReq.abort(), { code: 'ECONNRESET', message: 'socket hang up' }],
    ['destroy(error)', (proxyReq) => proxyReq.destroy(new Error('mine')), { message: 'mine' }],
  ])('%s: nothing is sent, and the error listeners hear why', async (_how, destroys, expected) => {
    const { answer, errors, received } = await send(create, { listeners: [destroys], text: post('body') });
    expect(statusOf(answer)).toBe(502);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject(expected);
    expect(received).toBe('');
  });

  test.each([
    ['a name that is none', (proxyReq) => proxyReq.setHeader('a b', '1'), 'ERR_INVALID_HTTP_TOKEN'],
    ['a line feed', (proxyReq) => proxyReq.setHeader('x', 'a\nb'), 'ERR_INVALID_CHAR'],
    ['no value', (proxyReq) => proxyReq.setHeader('x', undefined), 'ERR_HTTP_INVALID_HEADER_VALUE'],
  ])('setHeader refuses %s as Node does', async (_what, sets, code) => {
    let thrown;
    const tries = (proxyReq) => {
      try {
        sets(proxyReq);
      } catch (error) {
        thrown = error;
      }
    };
    const { answer } = await send(create, { listeners: [tries], text: get() });
    expect(thrown).toMatchObject({ code });
    expect(statusOf(answer)).toBe(200);
  });

  test('after it was sent, the request cannot be changed', async () => {
    let sent;
    await send(create, { listeners: [(proxyReq) => (sent = proxyReq)], text: get() });
    expect(sent.headersSent).toBe(true);
    const refused = expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' });
    expect(() => sent.setHeader('x-late', '1')).toThrow(refused);
    expect(() => sent.removeHeader('host')).toThrow(refused);
  });

  test('the request tells of its response and of its end', async () => {
    const events = [];
    const listen = (proxyReq) => {
      proxyReq.on('response', (response) => events.push(response.statusCode));
      proxyReq.on('error', (error) => events.push(error));
      proxyReq.on('close', () => events.push('close'));
    };
    const { answer } = await send(create, { listeners: [listen], text: get() });
    expect(answer).toMatch(/\r\n\r\ngood$/);
    await eventually(() => events.includes('close'));
    expect(events).toEqual([200, 'close']);
  });

  test('the request tells of its failure, as the proxy does', async () => {
    const heard = [];
    const listen = (proxyReq) => proxyReq.on('error', (error) => heard.push(error));
    const options = { target: 'http://127.0.0.1:1' };
    const { errors } = await send(create, { listeners: [listen], text: get(), options });
    expect(errors).toMatchObject([{ code: 'ECONNREFUSED' }]);
    expect(heard).toEqual(errors);
  });
});

test('the framing is that of the body, whatever length a listener says (ours alone)', async () => {
  const lie = (proxyReq) => {
    proxyReq.setHeader('content-length', '99');
    proxyReq.end('four');
  };
  const { message } = await send(createProxyServer, { listeners: [lie], text: post('body') });
  expect(message.values('content-length')).toEqual(['4']);
  expect(message).toMatchObject({ body: 'four', rest: '', isComplete: true });
});

test('end leaves the body of the client out (the original fails on what comes of it)', async () => {
  const listeners = [(proxyReq) => proxyReq.end('mine')];
  const { answer, errors, message } = await send(createProxyServer, { listeners, text: post('a body') });
  expect(errors).toEqual([]);
  expect(statusOf(answer)).toBe(200);
  expect(message).toMatchObject({ body: 'mine', rest: '', isComplete: true });
});
