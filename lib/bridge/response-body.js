'use strict';

/**
 * The response's body on its way from the engine: straight to the client, or through a `proxyRes` facade for listeners that read it.
 *
 * Bytes are fetched when the reader has room. While it has none they wait in the engine, whose buffer is bounded, so a slow reader slows
 * the target.
 */

const { linger } = require('./linger.js');
const { isGenuine } = require('./response-writer.js');

const SLAB = 64 * 1024;
/** Bytes handed to the client's socket and not yet taken by the system, before reading pauses. */
const MOST_UNSENT = 128 * 1024;
const MOST_SPARE_SLABS = 32;

/** Buffers that are used again once their bytes are written: a fresh one per chunk costs more than the copying. */
const spareSlabs = [];

const takeSlab = () => spareSlabs.pop() ?? Buffer.allocUnsafeSlow(SLAB);

const giveSlab = (slab) => {
  if (spareSlabs.length < MOST_SPARE_SLABS) spareSlabs.push(slab);
};

class ResponseBody {
  #engine;
  #id;
  /** The whole body as latin1 text, if it came with the head. */
  #whole;
  #res = null;
  #facade = null;
  #uploader = null;
  #onDelivered;
  #onDrained = null;
  #isBlocked = false;
  #awaitsDrain = false;
  #hasBegun = false;
  #isCut = false;
  #isOver = false;
  /** Pieces handed to the client's socket and not yet taken by the system. */
  #unwritten = 0;

  /**
   * @param {{ read(id: number, into: Buffer): number, waiting(id: number): number }} engine
   * @param {number} id
   * @param {string | undefined} whole
   */
  constructor(engine, id, whole) {
    this.#engine = engine;
    this.#id = id;
    this.#whole = whole;
  }

  /** Bytes were handed to the client. */
  get hasBegun() {
    return this.#hasBegun;
  }

  get isWhole() {
    return this.#whole !== undefined;
  }

  /**
   * Delivers the body straight to the client.
   *
   * @param {import('node:http').ServerResponse} res
   * @param {import('node:http').IncomingMessage | null} uploader a request whose body nobody reads any more; it is given a moment to end
   *   before the connection is closed on it
   * @param {() => void} onDelivered
   */
  deliver(res, uploader, onDelivered) {
    this.#res = res;
    this.#uploader = uploader;
    this.#onDelivered = onDelivered;
    if (this.#whole === undefined) {
      this.#isGenuine = isGenuine(res);
      // The head does not wait for a body that is slow to begin (an event stream, a long poll).
      if (this.#engine.waiting(this.#id) === 0) res.flushHeaders?.();
      this.#pump();
      return;
    }
    this.#isOver = true;
    const body = this.#whole;
    // Once Node knows a body's length it takes this value for UTF-8, and would send other bytes than these.
    if (res.hasHeader?.('content-disposition')) res.writeHead(res.statusCode);
    if (uploader !== null) {
      if (body !== '') res.write(Buffer.from(body, 'latin1'));
      this.#finish();
      return;
    }
    // Text goes out in one piece with the head, but a patched method may expect a Buffer of what is no text.
    if (body === '') res.end();
    else if (isGenuine(res)) res.end(body, 'latin1');
    else res.end(Buffer.from(body, 'latin1'));
    onDelivered();
  }

  #isGenuine = false;
  /** The facade has room for one piece. */
  #isWanted = false;

  /** Feeds a `proxyRes` facade, from its `_read()`. */
  feed(facade) {
    if (this.#facade === null && this.#res !== null && !this.#isOver) this.#share(facade);
    this.#facade = facade;
    this.#isWanted = true;
    if (this.#whole !== undefined) {
      if (this.#isOver) return;
      this.#isOver = true;
      facade.complete = true;
      if (this.#whole !== '') facade.push(Buffer.from(this.#whole, 'latin1'));
      facade.push(null);
      return;
    }
    this.#fill();
  }

  /** Somebody began to read while the body went straight to the client: what is still to come goes to both. */
  #share(facade) {
    facade.pipe(this.#res, { end: false });
    facade.once('end', () => this.#finish());
  }

  /** The engine has bytes. */
  readable() {
    if (this.#facade !== null) this.#fill();
    else if (this.#res !== null) this.#pump();
  }

  /**
   * The engine has got everything from the target.
   *
   * @param {() => void} onDrained is called when no more will be read from the engine
   */
  end(onDrained) {
    this.#onDrained = onDrained;
    if (this.#isOver) onDrained();
    else this.readable();
  }

  /**
   * The engine will get no more from the target, and what it has got is not all.
   *
   * @param {() => void} onCut is called when what there is was handed to the system for the client; a facade's reader, like Node's, hears
   *   of it at once
   */
  cut(onCut) {
    this.#onDrained = onCut;
    if (this.#res === null || this.#facade !== null || this.#isOver) {
      this.#isOver = true;
      this.#drained();
      return;
    }
    this.#isCut = true;
    this.#pump();
  }

  /** Delivers no more. */
  abort() {
    this.#isOver = true;
    this.#drained();
  }

  #drained() {
    const onDrained = this.#onDrained;
    this.#onDrained = null;
    onDrained?.();
  }

  #fill() {
    if (this.#isOver || !this.#isWanted) return;
    const waiting = this.#engine.waiting(this.#id);
    if (waiting > 0) {
      this.#isWanted = false;
      const chunk = Buffer.allocUnsafe(Math.min(waiting, SLAB));
      this.#engine.read(this.#id, chunk);
      this.#facade.push(chunk);
    } else if (this.#onDrained !== null) {
      this.#isOver = true;
      this.#drained();
      this.#facade.push(null);
    } else {
      // Asks to be told when there is something again.
      this.#engine.read(this.#id, NOTHING);
    }
  }

  #pump() {
    // It goes through the facade by now.
    if (this.#facade !== null) return;
    while (!this.#isBlocked && !this.#isOver) {
      const chunk = this.#isGenuine ? this.#pumpSlab() : this.#pumpBuffer();
      if (chunk === 0) {
        if (this.#isCut) this.#finishCut();
        else if (this.#onDrained !== null) this.#finish();
        return;
      }
    }
  }

  /** Nobody can see, let alone keep, what is written: the buffer is used again. */
  #pumpSlab() {
    const slab = takeSlab();
    const length = this.#engine.read(this.#id, slab);
    if (length === 0) {
      giveSlab(slab);
      return length;
    }
    this.#unwritten += 1;
    this.#write(length === SLAB ? slab : slab.subarray(0, length), () => {
      giveSlab(slab);
      this.#unwritten -= 1;
      if (this.#isCut && this.#unwritten === 0) this.#pump();
    });
    return length;
  }

  #pumpBuffer() {
    const waiting = this.#engine.waiting(this.#id);
    const chunk = Buffer.allocUnsafe(Math.min(waiting, SLAB));
    const length = this.#engine.read(this.#id, chunk);
    if (length > 0) this.#write(chunk);
    return length;
  }

  #write(chunk, onWritten) {
    const res = this.#res;
    this.#hasBegun = true;
    const hasRoom = onWritten === undefined ? res.write(chunk) : res.write(chunk, onWritten);
    if (hasRoom !== false || (this.#isGenuine && res.writableLength < MOST_UNSENT)) return;
    this.#isBlocked = true;
    if (this.#awaitsDrain) return;
    // Once and for all: responses that compress keep a listener for good, even one that was added with `once`.
    this.#awaitsDrain = true;
    res.on('drain', () => {
      this.#isBlocked = false;
      this.#pump();
    });
  }

  #finishCut() {
    // What is still in the socket's queue would be lost with it.
    if (this.#unwritten > 0) return;
    this.#isOver = true;
    this.#drained();
  }

  #finish() {
    this.#isOver = true;
    this.#drained();
    const res = this.#res;
    if (this.#uploader !== null) linger(this.#uploader, () => res.end());
    else res.end();
    this.#onDelivered();
  }
}

const NOTHING = Buffer.alloc(0);

module.exports = { ResponseBody };
