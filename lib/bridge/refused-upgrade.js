'use strict';

/** The answer of a target that does not switch protocols, on its way to the client: a response like others, and the socket's last one. */

const http = require('node:http');
const { cutResponse } = require('./client.js');
const { unpack } = require('./head-codec.js');
const { ResponseBody } = require('./response-body.js');
const { canChunk, writeHead } = require('./response-writer.js');
const { endGently } = require('./sockets.js');

// The same number stands in src/binding/completion.rs.
const OPEN_ENDED = 2;

class RefusedUpgrade {
  #native;
  #id;
  #req;
  #socket;
  #res;
  #body = null;

  /**
   * @param {{ read(id: number, into: Buffer): number, waiting(id: number): number }} native
   * @param {number} id
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:stream').Duplex} socket
   * @param {() => void} onClosed is called when the client is gone
   */
  constructor(native, id, req, socket, onClosed) {
    this.#native = native;
    this.#id = id;
    this.#req = req;
    this.#socket = socket;
    socket.once('close', onClosed);
    // Node's own response frames the body for this client, and says that the connection ends with it.
    const res = new http.ServerResponse(req);
    res.shouldKeepAlive = false;
    res.sendDate = false;
    res.assignSocket(socket);
    // Node's server does that for the sockets that it has.
    socket.on('drain', () => res.emit('drain'));
    res.once('finish', () => {
      res.detachSocket(socket);
      endGently(socket);
    });
    this.#res = res;
  }

  answer(status, flags, text, body) {
    const items = unpack(text);
    const res = this.#res;
    writeHead(res, status, items[0], items, 1);
    this.#body = new ResponseBody(this.#native, this.#id, body);
    // So that the framing does not depend on how fast the bytes came.
    const isChunked = (flags & OPEN_ENDED) !== 0 && body !== undefined && canChunk(this.#req, res);
    if (isChunked && !res.hasHeader('content-length')) res.setHeader('transfer-encoding', 'chunked');
    this.#body.deliver(this.#res, null, () => {});
  }

  readable() {
    this.#body.readable();
  }

  end(onDrained) {
    this.#body.end(onDrained);
  }

  cut(onCut) {
    this.#body.cut(onCut);
  }

  abort() {
    this.#body?.abort();
  }

  /** The rest of it will never come. */
  fail() {
    cutResponse(this.#req, this.#res);
    this.#socket.destroy();
  }
}

module.exports = { RefusedUpgrade };
