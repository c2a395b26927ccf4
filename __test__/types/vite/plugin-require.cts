/** The plugin in a CommonJS module. Compiled, never run. */

import vite = require('rs-proxy-middleware/vite');
import { rsProxy } from 'rs-proxy-middleware/vite';
import type { RsProxyPlugin } from 'rs-proxy-middleware/vite';

rsProxy() satisfies RsProxyPlugin;
vite.default satisfies typeof rsProxy;
vite.rsProxy({ preview: false }) satisfies vite.RsProxyPlugin;
