/** `import x = require()` in an ES module of Node's. Compiled, never run. */

import proxy = require('rs-proxy-middleware');

new proxy({ target: 'http://127.0.0.1:9000' }) satisfies proxy.ProxyServer;
proxy.createProxyServer() satisfies proxy;
