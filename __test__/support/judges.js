'use strict';

/**
 * Independent servers that judge what the door sends to targets: each is given the same bytes, and must see the one request that was meant,
 * or refuse it. Those that are proxies pass on what they have understood to a server of Node's, which tells.
 */

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { closedPort, eventually, listening, rawClient } = require('./peers.js');

const MODULES = '/usr/lib/apache2/modules';
/** Debian's own, which has Debian's packages. */
const PYTHON = '/usr/bin/python3';

/** How each is started: its command, which listens at `port` and asks what is listening at `behind`. */
const JUDGES = {
  nginx: {
    program: 'nginx',
    configuration: ({ port, behind, folder }) => `
      daemon off; master_process off; error_log stderr crit; pid ${folder}/pid;
      events {}
      http {
        access_log off; underscores_in_headers on; client_max_body_size 64m; large_client_header_buffers 8 64k;
        client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
        uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
        server {
          listen 127.0.0.1:${port};
          location / { proxy_pass http://127.0.0.1:${behind}; proxy_http_version 1.1; proxy_set_header Host $http_host; }
        }
      }`,
    args: ({ file, folder }) => ['-p', folder, '-c', file],
  },
  haproxy: {
    program: 'haproxy',
    configuration: ({ port, behind }) => `
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend judge
  bind 127.0.0.1:${port}
  default_backend recorder
backend recorder
  server recorder 127.0.0.1:${behind}
`,
    args: ({ file }) => ['-db', '-f', file],
  },
  apache: {
    program: 'apache2',
    configuration: ({ port, behind, folder }) => `
ServerRoot ${folder}
ServerName judge
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
LogLevel crit
${['mpm_event', 'authz_core', 'proxy', 'proxy_http'].map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
Listen 127.0.0.1:${port}
User www-data
Group www-data
AllowEncodedSlashes NoDecode
MergeSlashes Off
LimitRequestFieldSize 65536
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:${behind}/ nocanon
`,
    args: ({ file }) => ['-DFOREGROUND', '-f', file],
    // Its `ProxyPass` takes several slashes in front for the one that it looks for.
    passesOn: (target) => target.replace(/^\/+/, '/'),
  },
  lighttpd: {
    program: 'lighttpd',
    configuration: ({ port, behind, folder }) => `
server.modules = ( "mod_proxy" )
server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${port}
server.errorlog = "${folder}/error.log"
server.upload-dirs = ( "${folder}" )
server.http-parseopts = ( "url-normalize" => "disable" )
server.max-request-field-size = 65535
proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${behind} ) ) )
`,
    args: ({ file }) => ['-D', '-f', file],
  },
};

/** What a server of Node's understands, in a list. */
async function recorder() {
  const seen = [];
  const server = http.createServer((req, res) => {
    let body = '';
    req.setEncoding('latin1');
    req.on('data', (chunk) => (body += chunk));
    req.on('end', () => {
      seen.push({ method: req.method, target: req.url, host: req.headers.host, body });
      res.end('ok');
    });
  });
  await listening(server);
  const end = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { seen, port: server.address().port, end };
}

async function isListening(port) {
  try {
    const { socket } = await rawClient(port);
    socket.destroy();
    return true;
  } catch {
    return false;
  }
}

/** Ends a process that was started here. */
async function stop(child) {
  const ended = once(child, 'exit');
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await ended;
}

async function startProxyJudge({ program, configuration, args, passesOn }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rs-proxy-judge-'));
  // Some of them give up their rights.
  fs.chmodSync(folder, 0o777);
  const behind = await recorder();
  const port = await closedPort();
  const place = { port, behind: behind.port, folder, file: path.join(folder, 'judge.conf') };
  fs.writeFileSync(place.file, configuration(place));
  const child = spawn(program, args(place), { stdio: ['ignore', 'ignore', 'inherit'] });
  await eventually(
    () => isListening(port),
    () => `${program} does not listen`,
    15_000,
  );
  const end = async () => {
    await stop(child);
    await behind.end();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  return { port, seen: behind.seen, passesOn, end };
}

async function startAiohttp() {
  const port = await closedPort();
  const file = path.join(__dirname, '..', 'fixtures', 'judge.py');
  const child = spawn(PYTHON, [file, `${port}`], { stdio: ['ignore', 'pipe', 'ignore'] });
  const seen = [];
  createInterface({ input: child.stdout }).on('line', (line) => seen.push(JSON.parse(line)));
  await eventually(
    () => isListening(port),
    () => 'aiohttp does not listen',
    15_000,
  );
  return { port, seen, end: () => stop(child) };
}

/** What of the judges is not installed. */
function missingJudges() {
  const programs = Object.values(JUDGES).map(({ program }) => program);
  const missing = programs.filter((program) => spawnSync(program, ['-v']).error !== undefined);
  const python = spawnSync(PYTHON, ['-c', 'import aiohttp']);
  return python.status === 0 ? missing : [...missing, 'python3-aiohttp'];
}

/** Starts all of them. */
async function startJudges() {
  const judges = { Node: await recorder(), aiohttp: await startAiohttp() };
  for (const [name, judge] of Object.entries(JUDGES)) judges[name] = await startProxyJudge(judge);
  return judges;
}

/**
 * What a judge makes of these bytes.
 *
 * @param {{ port: number, seen: object[] }} judge
 * @param {string} bytes in latin1
 * @returns {Promise<{ status: number, seen: object[] }>}
 */
async function judged(judge, bytes) {
  judge.seen.length = 0;
  const client = await rawClient(judge.port, bytes);
  await client.until(
    ({ text, ending }) => ending !== null || /^HTTP\/1\.[01] [2-5]\d\d [^]*\r\n\r\n/.test(text),
    10_000,
  );
  // A second request would come at once, from what is left of the first.
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.socket.destroy();
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(client.text)?.[1]), seen: [...judge.seen] };
}

module.exports = { judged, missingJudges, startJudges };
