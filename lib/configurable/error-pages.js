'use strict';

/**
 * What a client is told when there is no route, or its target does not answer: the page of another server (`--error-target`), that of a folder
 * (`--error-path`), or a built-in one. Nothing of the request stands in the built-in page.
 */

const fs = require('node:fs/promises');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { randomUUID } = require('node:crypto');
const { STATUS_CODES } = http;
const { targetParts } = require('../proxy-server/target-parts.js');

const LONGEST = 5000;
const MOST_BYTES = 1024 * 1024;
/** A page of somebody else's says itself how its letters are encoded. */
const HTML = 'text/html';

/** On requests for pages, so that one of them that comes back here asks for no other. */
const ASKS_FOR_A_PAGE = 'x-rs-proxy-error-page';

const REASONS = {
  400: 'This is no address.',
  404: 'Nothing is served at this address.',
  503: 'What is served at this address does not answer.',
};

/** @typedef {{ body: Buffer | string, fields: Record<string, string> }} Page */

class ErrorPages {
  #target;
  #tls;
  #folder;
  #log;
  #longest;
  #mark = randomUUID();
  #agents = { 'http:': new http.Agent({ keepAlive: true }), 'https:': new https.Agent({ keepAlive: true }) };

  /**
   * @param {{ errorTarget?: string, errorPath?: string, tls?: object, log: import('./log.js').Log, longest?: number }} settings `tls`: who
   *   we are to other servers, and whom we trust; `longest`: for the other server to answer in, whole, in milliseconds
   */
  constructor({ errorTarget, errorPath, tls, log, longest = LONGEST }) {
    this.#target = errorTarget === undefined ? undefined : targetParts(errorTarget);
    this.#folder = errorPath;
    this.#tls = tls;
    this.#log = log;
    this.#longest = longest;
  }

  /**
   * Answers a request.
   *
   * @param {number} status
   * @param {http.IncomingMessage} req
   * @param {http.ServerResponse} res
   */
  async answer(status, req, res) {
    const page = await this.#page(status, req);
    if (res.headersSent || res.destroyed) {
      if (!res.writableEnded) res.destroy();
      return;
    }
    const length = Buffer.byteLength(page.body);
    // What is left of its body is not waited for.
    const end = req.complete ? {} : { connection: 'close' };
    res.writeHead(status, { ...page.fields, 'content-length': length, ...end });
    res.end(req.method === 'HEAD' ? undefined : page.body);
  }

  /** @returns {Promise<Page>} */
  async #page(status, req) {
    try {
      if (this.#target !== undefined && req.headers[ASKS_FOR_A_PAGE] !== this.#mark)
        return await this.#fetched(status, req.url);
      if (this.#folder !== undefined) return await this.#read(status);
    } catch (error) {
      this.#log.error(`There is no page for ${status}: ${error.message}`);
    }
    return builtIn(status);
  }

  async #read(status) {
    for (const name of [`${status}.html`, 'error.html']) {
      try {
        return { body: await fs.readFile(path.join(this.#folder, name)), fields: { 'content-type': HTML } };
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
      }
    }
    throw new Error(`${this.#folder} has neither ${status}.html nor error.html`);
  }

  /** The other server's page: `/404?url=%2Fasked%2Ffor` below its address. */
  #fetched(status, asked) {
    const { url: base, socketPath } = this.#target;
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/$/, '')}/${status}`;
    url.searchParams.set('url', asked);
    this.#log.debug(`Requesting the error page ${url}`);
    const settings = {
      ...(url.protocol === 'https:' && this.#tls),
      socketPath,
      agent: this.#agents[url.protocol],
      headers: { [ASKS_FOR_A_PAGE]: this.#mark },
      signal: AbortSignal.timeout(this.#longest),
    };
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? https : http).get(url, settings, (answer) => {
        whole(answer).then((body) => resolve({ body, fields: relayed(answer.headers) }), reject);
      });
      request.on('error', reject);
    });
  }

  /** Lets go of its connections. */
  close() {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

async function whole(answer) {
  const chunks = [];
  let size = 0;
  for await (const chunk of answer) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function relayed(headers) {
  const names = ['content-type', 'content-encoding'].filter((name) => headers[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, headers[name]]));
}

/** @returns {Page} */
function builtIn(status) {
  const title = `${status}: ${STATUS_CODES[status]}`;
  const body = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>${title}</title>
  </head>
  <body>
    <h1>${title}</h1>
    <p>${REASONS[status] ?? 'The request could not be served.'}</p>
  </body>
</html>
`;
  return { body, fields: { 'content-type': `${HTML}; charset=utf-8` } };
}

module.exports = { ErrorPages };
