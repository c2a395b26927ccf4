'use strict';

/** A headless Chromium that opens one page, and what that page has to say. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { json } = require('node:stream/consumers');
const { watched } = require('./child.js');
const { httpServer, onCleanUp } = require('./peers.js');

const FLAGS = [
  '--headless',
  // Tests may run as root, and where there is little shared memory and no graphics card.
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  // Nothing of its own goes out, and no name is asked for: there is nothing but this machine.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--no-proxy-server',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-sync',
  '--no-first-run',
  '--ignore-certificate-errors',
];

const MISSING =
  'Chromium is needed, and there is no program called chromium. Debian: sudo apt-get install chromium';

/**
 * Runs a function in a page of a browser of its own.
 *
 * @template I, R
 * @param {(input: I) => Promise<R>} script is sent as text: it has only its input
 * @param {I} input
 * @returns {Promise<R>}
 */
async function runInBrowser(script, input) {
  let onReport;
  const reported = new Promise((resolve) => (onReport = resolve));
  const { url } = await httpServer(async (req, res) => {
    if (req.method === 'POST') onReport(await json(req));
    res.setHeader('content-type', 'text/html; charset=utf-8');
    res.end(req.url === '/' ? pageOf(script, input) : '');
  });
  const early = startChromium(url).then(({ code, signal, stderr }) => {
    throw new Error(`Chromium ended before its page was done (${code ?? signal}): ${stderr}`);
  });
  const { result, failure } = await Promise.race([reported, early]);
  // It is ended with the test.
  early.catch(() => {});
  if (failure !== undefined) throw new Error(`The page says: ${failure}`);
  return result;
}

/** @returns {Promise<{ code: number | null, signal: string | null, stderr: string }>} how it ends */
function startChromium(url) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'chromium-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const args = [...FLAGS, `--user-data-dir=${folder}`, url];
  const child = spawn('chromium', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const failed = new Promise((resolve, reject) => {
    child.on('error', (error) => reject(error.code === 'ENOENT' ? new Error(MISSING) : error));
  });
  return Promise.race([watched(child).ended, failed]);
}

function pageOf(script, input) {
  const call = `(${script})(${JSON.stringify(input)})`;
  const report = "(body) => fetch('/report', { method: 'POST', body: JSON.stringify(body) })";
  return `<!doctype html><title>test</title><script>
    const report = ${report};
    ${call}.then((result) => report({ result }), (error) => report({ failure: String(error) }));
  </script>`;
}

module.exports = { runInBrowser };
