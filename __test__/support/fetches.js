'use strict';

/** Targets and arguments of `proxyFetch`. */

const { Readable } = require('node:stream');
const { httpServer } = require('./peers.js');

/** Records requests, and answers with what it has received. */
async function recorder(answer = (req, res) => res.end('answer')) {
  const requests = [];
  const target = await httpServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const { method, url, headers, rawHeaders } = req;
    requests.push({ method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString('latin1') });
    answer(req, res);
  });
  return { ...target, requests };
}

/** A body as the web has them. */
const stream = (...chunks) => Readable.toWeb(Readable.from(chunks.map((chunk) => Buffer.from(chunk))));
/** What is asked for; its host is not the target. */
const INPUT = 'http://user.example:81/a/b?c=d';

module.exports = { INPUT, recorder, stream };
