/** A part of a screen: what it shows, or why it cannot. */
export type Section<T> =
  | { readonly isAvailable: true; readonly data: T }
  | { readonly isAvailable: false; readonly reason: string }
