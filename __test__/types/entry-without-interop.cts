/** Without `esModuleInterop` the namespace import is the class itself. Compiled, never run. */

import * as httpProxy from 'rs-proxy-middleware';

const proxy: httpProxy = new httpProxy({ target: 'http://127.0.0.1:9000' });
proxy satisfies httpProxy.ProxyServer;
httpProxy({ target: 'http://127.0.0.1:9000' }) satisfies httpProxy.RequestHandler;

// @ts-expect-error a number is no option
new httpProxy(9000);
