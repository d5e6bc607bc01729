/** What can go wrong with a faulty registry, as data. */

export interface ReceivedRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Called when the bytes were sent; the break comes when its promise resolves. Without it the break comes at once, and a client
 * may lose bytes that it received and did not read yet.
 */
export type Hold = () => Promise<unknown>;

/** What goes wrong. `afterBytes` counts bytes of the body that are sent properly before. */
export type Fault =
  /** Another answer altogether: 401, 429, 500 …, or a hostile body. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array | string;
    }
  | { readonly kind: "redirect"; readonly to: string; readonly status?: number }
  /** The connection is reset; without `afterBytes` before any answer. */
  | { readonly kind: "reset"; readonly afterBytes?: number; readonly hold?: Hold }
  /** Nothing more comes and the connection stays open; without `afterBytes` before any answer. */
  | { readonly kind: "stall"; readonly afterBytes?: number }
  /** The connection ends properly, but too early for its Content-Length. */
  | { readonly kind: "short"; readonly afterBytes: number; readonly hold?: Hold }
  /** A shorter body, declared as such: the blob has the wrong size. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** Extra bytes after the content; `chunked` hides the length. */
  | { readonly kind: "append"; readonly bytes: number; readonly chunked?: boolean }
  /** Right length, one wrong byte. */
  | { readonly kind: "corrupt" }
  /** The content without a Content-Length (chunked). */
  | { readonly kind: "chunked" }
  /** An endless body of zeros, with this status (200), which may be declared to have a length. */
  | { readonly kind: "endless"; readonly status?: number; readonly declared?: number }
  /** Headers that lie: added, or replaced, or with null removed. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string | null>> }
  /** Range requests are answered with everything. */
  | { readonly kind: "no-ranges" }
  /** The answer waits until the promise resolves. */
  | { readonly kind: "wait"; readonly until: Promise<unknown> };

export type Authentication =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | {
      readonly kind: "bearer";
      /** Without them the token service gives tokens to anybody. */
      readonly username?: string;
      readonly password?: string;
      /** Accepted in a POST with `grant_type=refresh_token`. */
      readonly identityToken?: string;
      /** `expires_in`; tokens really end only with `expireTokens`. */
      readonly lifetimeSeconds?: number;
      /** Another realm than this server's `/token`. */
      readonly realm?: string;
      /** The scope that the challenge names, instead of the right one. */
      readonly scope?: string;
      /** Tokens are given but never accepted. */
      readonly neverAccept?: boolean;
    };
