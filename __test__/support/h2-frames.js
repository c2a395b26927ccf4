'use strict';

/** A client of HTTP/2 that sends any frame, right or wrong, and shows what comes back. */

const net = require('node:net');
const { once } = require('node:events');
const { onCleanUp } = require('./peers.js');

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const NAMES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
];
const TYPE = Object.fromEntries(NAMES.map((name, index) => [name, index]));
const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 };
const ERROR = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
};

/** @param {string | number} type */
function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = typeof type === 'string' ? TYPE[type] : type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

function number(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** An HPACK string, not compressed. */
function text(value) {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** An HPACK integer behind the bits of a pattern. */
function integer(value, bits, pattern) {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([pattern | value]);
  const bytes = [pattern | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** Fields as literals that are not kept: exactly the bytes that are given. */
function block(fields) {
  return Buffer.concat(
    fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])),
  );
}

/** The fields of a request, with others in front of or behind the usual ones. */
function requestFields(more = [], { method = 'GET', path = '/', scheme = 'http', authority = 'me' } = {}) {
  const pseudo = { ':method': method, ':scheme': scheme, ':authority': authority, ':path': path };
  return [...Object.entries(pseudo).filter(([, value]) => value !== undefined), ...more];
}

/** The codes of Huffman for the digits of a status (RFC 7541, appendix B). */
const DIGITS = new Map(
  [...'0123456789'].map((digit, i) => [
    i < 3 ? `000${i === 0 ? '00' : i === 1 ? '01' : '10'}` : (22 + i).toString(2).padStart(6, '0'),
    digit,
  ]),
);
const INDEXED = { 0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500 };

/** The status at the front of a header block that was made without a dynamic table. */
function statusOf(head) {
  let at = 0;
  while (head[at] >> 5 === 1) at += 1;
  if (INDEXED[head[at]] !== undefined) return INDEXED[head[at]];
  const length = head[at + 1] & 127;
  const value = head.subarray(at + 2, at + 2 + length);
  if (head[at + 1] < 128) return Number(value.toString('latin1'));
  let bits = [...value].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let digits = '';
  while (digits.length < 3) {
    const code = [5, 6].map((size) => bits.slice(0, size)).find((one) => DIGITS.has(one));
    digits += DIGITS.get(code);
    bits = bits.slice(code.length);
  }
  return Number(digits);
}

/**
 * Reads frames; gives what is left of the bytes.
 *
 * @param {Buffer} bytes
 * @param {(frame: { type: string | number, flags: number, stream: number, payload: Buffer }) => void} onFrame
 */
function readFrames(bytes, onFrame) {
  let at = 0;
  while (bytes.length - at >= 9) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (bytes.length < end) break;
    const type = NAMES[bytes[at + 3]] ?? bytes[at + 3];
    onFrame({
      type,
      flags: bytes[at + 4],
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return bytes.subarray(at);
}

class FrameClient {
  /** All frames that have come. */
  frames = [];
  /** How the other side has ended the connection, once it has. */
  ending = null;
  #unread = Buffer.alloc(0);
  #listeners = new Set();

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    for (const [event, ending] of [
      ['end', 'fin'],
      ['error', 'rst'],
      ['close', 'closed'],
    ])
      socket.on(event, () => {
        this.ending ??= ending;
        this.#told();
      });
  }

  #read(chunk) {
    this.#unread = readFrames(Buffer.concat([this.#unread, chunk]), (one) => this.frames.push(one));
    this.#told();
  }

  #told() {
    for (const listener of [...this.#listeners]) listener();
  }

  send(...frames) {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
    return this;
  }

  /** Sends a request without a body. */
  request(stream, fields = requestFields()) {
    return this.send(frame('HEADERS', FLAG.END_HEADERS | FLAG.END_STREAM, stream, block(fields)));
  }

  /** Waits until `condition(this)` is truthy, and gives what it gives. */
  async until(condition, what = 'what was waited for', milliseconds = 10_000) {
    let timer;
    let look;
    const found = await new Promise((resolve, reject) => {
      look = () => {
        const value = condition(this);
        if (value) resolve(value);
      };
      const shown = () =>
        this.frames.map(({ type, stream, flags }) => `${type} ${flags} of ${stream}`).join(', ');
      const fail = () => reject(new Error(`${what} did not come: ${shown()}; ${this.ending}`));
      timer = setTimeout(fail, milliseconds);
      this.#listeners.add(look);
      look();
    }).finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(look);
    });
    return found;
  }

  /** Waits for a frame. */
  frame(type, stream, milliseconds) {
    const is = (one) => one.type === type && (stream === undefined || one.stream === stream);
    return this.until(() => this.frames.find(is), `${type} of ${stream ?? 'any stream'}`, milliseconds);
  }

  /** Waits for the connection to be ended for a reason: the codes of its GOAWAY. */
  async goneAway(milliseconds) {
    await this.until(() => this.ending, 'the end', milliseconds);
    return this.frames.filter(({ type }) => type === 'GOAWAY').map(({ payload }) => payload.readUInt32BE(4));
  }

  /** Waits for a stream to be reset: the code. */
  async reset(stream) {
    return (await this.frame('RST_STREAM', stream)).payload.readUInt32BE(0);
  }

  /** Waits for the whole answer on a stream. */
  async answer(stream) {
    const isLast = ({ flags, stream: of, type }) =>
      of === stream && (type === 'DATA' || type === 'HEADERS') && (flags & 1) !== 0;
    await this.until(() => this.frames.find(isLast), `the answer of ${stream}`);
    const of = (wanted) => this.frames.filter(({ type, stream: its }) => type === wanted && its === stream);
    const body = Buffer.concat(of('DATA').map(({ payload }) => payload)).toString('latin1');
    return { status: statusOf(of('HEADERS')[0].payload), body };
  }
}

/** The server is to compress without a table: then each head can be read alone. */
const NO_TABLE = setting(1, 0);

/**
 * Connects with HTTP/2 without TLS.
 *
 * @param {number} port
 * @param {{ settings?: Buffer | null, preface?: Buffer }} [options] what is sent at once
 */
async function frameClient(port, { settings = NO_TABLE, preface = PREFACE } = {}) {
  const socket = net.connect({ port, host: '127.0.0.1' });
  onCleanUp(() => socket.destroy());
  const client = new FrameClient(socket);
  await once(socket, 'connect');
  client.send(preface);
  if (settings !== null) client.send(frame('SETTINGS', 0, 0, settings));
  return client;
}

/** A setting. */
function setting(id, value) {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

module.exports = {
  ERROR,
  FLAG,
  NO_TABLE,
  PREFACE,
  FrameClient,
  block,
  frame,
  frameClient,
  integer,
  number,
  readFrames,
  requestFields,
  setting,
  statusOf,
  text,
};
