'use strict';

const { Stream } = require('node:stream');

/**
 * The wrappers of http-server: streams as Node had them before version 0.10. What is written to the request is kept until somebody pipes it;
 * the response tells neither that it has finished nor that it was closed, and destroying it changes nothing for its client.
 */
class OldRequest extends Stream {
  #waiting = [];
  #isEnded = false;
  readable = true;
  writable = true;

  constructor(req) {
    super();
    const { url, method, headers, httpVersion, httpVersionMajor, httpVersionMinor, socket } = req;
    Object.assign(this, { url, method, headers, httpVersion, httpVersionMajor, httpVersionMinor, socket });
    this.connection = socket;
    req.pipe(this);
  }

  write(chunk) {
    if (this.#waiting === null) this.emit('data', chunk);
    else this.#waiting.push(chunk);
    return true;
  }

  end() {
    this.readable = false;
    this.#isEnded = true;
    this.emit('end');
  }

  pause() {}

  resume() {}

  pipe(destination) {
    super.pipe(destination);
    process.nextTick(() => {
      for (const chunk of this.#waiting ?? []) this.emit('data', chunk);
      this.#waiting = null;
      if (this.#isEnded) this.emit('end');
    });
    return destination;
  }
}

class OldResponse extends Stream {
  #res;
  writable = true;

  constructor(res, method) {
    super();
    this.#res = res;
    this.writable = method !== 'HEAD';
    for (const name of ['setHeader', 'getHeader', 'removeHeader']) this[name] = res[name].bind(res);
    this.pipe(res);
    res.on('drain', () => this.emit('drain'));
  }

  get statusCode() {
    return this.#res.statusCode;
  }

  set statusCode(status) {
    this.#res.statusCode = status;
  }

  writeHead(status, headers = {}) {
    this.#res.statusCode = status;
    for (const [name, value] of Object.entries(headers)) this.#res.setHeader(name, value);
  }

  write(chunk) {
    return this.writable ? this.#res.write(chunk) : undefined;
  }

  end(chunk) {
    if (chunk && this.writable) this.emit('data', chunk);
    this.emit('end');
  }

  destroy() {
    this.writable = false;
  }
}

module.exports = { OldRequest, OldResponse };
