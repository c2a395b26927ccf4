export { rsProxy, rsProxy as default } from './index.js';
export type { RsProxyOptions, RsProxyPlugin, RulePattern } from './index.js';
