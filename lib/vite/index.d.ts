/** A rule's context as it is written in `server.proxy`, or an expression that contexts are tested with. */
export type RulePattern = string | RegExp;

export interface RsProxyOptions {
  /** The rules to run on the Rust engine; every rule by default. */
  include?: RulePattern | readonly RulePattern[] | undefined;
  /** The rules to leave on Vite's own engine. */
  exclude?: RulePattern | readonly RulePattern[] | undefined;
  /** Whether the rules of `vite preview` are meant, too; `true` by default. */
  preview?: boolean | undefined;
  /**
   * What to do where the engine's binary cannot be loaded, and with a rule that has an option this package cannot honour: say so in one line
   * and leave the rules to Vite's own engine (`'original'`, the default), or fail to start (`'throw'`).
   */
  onUnavailable?: 'original' | 'throw' | undefined;
}

/** A plugin of any version of Vite from 5 on. It is described by what it has, so that no particular Vite's types are needed. */
export interface RsProxyPlugin {
  name: 'rs-proxy-middleware';
  apply: 'serve';
  configResolved: { order: 'post'; handler(config: object): void };
}

/**
 * Runs the rules of `server.proxy` and `preview.proxy` on the Rust engine. Contexts, `bypass`, `rewrite`, `rewriteWsOrigin`, the log and the
 * answers on failure stay Vite's own; `configure` is given a proxy with the same methods and events.
 */
export function rsProxy(options?: RsProxyOptions): RsProxyPlugin;
export default rsProxy;
