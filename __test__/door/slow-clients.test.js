'use strict';

/**
 * slowhttptest's clients at the native door (NIGHTLY=1): they take places and never come to an end. Others are served all the while, and the
 * door does not keep those that bring nothing.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFile } = require('node:child_process');
const { stripVTControlCharacters } = require('node:util');
const { openDoor } = require('../support/doors.js');
const { closeAll, eventually, httpServer, onCleanUp } = require('../support/peers.js');

afterEach(closeAll);

const CLIENTS = 200;
const SECONDS = 20;
const LARGE = Buffer.alloc(8 * 1024 * 1024, 'x');

/**
 * Runs slowhttptest; gives how it ended, and for each second whether its own probe was answered.
 *
 * @param {number} port
 * @param {string} path_
 * @param {string[]} mode
 */
async function attack(port, path_, mode) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'slowhttptest-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true }));
  const report = path.join(folder, 'report');
  const amount = ['-c', `${CLIENTS}`, '-r', `${CLIENTS}`, '-l', `${SECONDS}`, '-p', '10'];
  const args = [...amount, '-g', '-o', report, '-u', `http://127.0.0.1:${port}${path_}`, ...mode];
  const output = await new Promise((resolve, reject) => {
    execFile('slowhttptest', args, { timeout: 90_000 }, (error, stdout) => {
      // Its status says nothing of how it ended.
      if (error?.code === 'ENOENT') reject(new Error('Please install: slowhttptest'));
      else if (error?.killed) reject(error);
      else resolve(stripVTControlCharacters(stdout));
    });
  });
  const [, ...lines] = fs.readFileSync(`${report}.csv`, 'utf8').trim().split('\n');
  const rows = lines.map((line) => line.split(',').map(Number));
  return {
    status: /Exit status: (.*)/.exec(output)?.[1],
    connected: Math.max(...rows.map((row) => row[3])),
    isAvailable: rows.map((row) => row[4] > 0),
  };
}

/** How slowhttptest says that the server has closed all of them. */
const GONE = 'No open connections left';

if (process.env.NIGHTLY) {
  test.each([
    ['heads that never end', '/', ['-H', '-i', '1'], GONE, 'refused'],
    ['bodies that go on a little at a time', '/', ['-B', '-i', '1', '-s', '100000'], GONE, 'refused'],
    ['thousands of ranges', '/', ['-R'], GONE, 'forwarded'],
    [
      'responses that are hardly read',
      '/large',
      ['-X', '-n', '1', '-z', '5'],
      'Hit test time limit',
      'abandoned',
    ],
  ])(
    '%s',
    async (_what, path_, mode, status, counter) => {
      const target = await httpServer((req, res) => {
        req.resume().on('end', () => res.end(req.url === '/large' ? LARGE : 'ok'));
      });
      const limits = { headersTimeout: 3000, bodyTimeout: 3000, minBodyRate: 500, writeTimeout: 3000 };
      const { door, port } = await openDoor({ target: target.url }, limits);
      const result = await attack(port, path_, mode);
      expect(result).toEqual({
        status,
        connected: expect.any(Number),
        isAvailable: Array(result.isAvailable.length).fill(true),
      });
      expect(result.connected).toBeGreaterThan(0);
      await eventually(() => door.stats().connections === 0);
      expect(door.stats()[counter]).toBeGreaterThanOrEqual(CLIENTS);
    },
    120_000,
  );
} else test.skip('slowhttptest (NIGHTLY=1)', () => {});
