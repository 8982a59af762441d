/** Milliseconds since the epoch. */
export type Moment = number
