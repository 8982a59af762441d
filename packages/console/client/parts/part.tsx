import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'
import type { Section } from '../../src/contract/section.ts'
import type { Live } from '../live.ts'

/** A part of a screen under a heading. */
export function Part(props: { readonly title: string; readonly children: ComponentChildren }) {
  const id = useId()
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{props.title}</h2>
      {props.children}
    </section>
  )
}

/**
 * What a part shows, or why it is not there. What was seen last stays, with the reason why it is
 * old: a question that is open in it is not taken away.
 */
export function Available<T>(props: {
  readonly of: Section<T>
  readonly children: (data: T) => ComponentChildren
}) {
  const { of } = props
  const seen = useRef<{ readonly data: T }>(undefined)
  if (of.isAvailable) seen.current = of
  const last = seen.current
  return (
    <>
      {!of.isAvailable && (
        <p class="unavailable">
          {last === undefined ? 'Not available' : 'Not up to date'}: {of.reason}
        </p>
      )}
      {last !== undefined && props.children(last.data)}
    </>
  )
}

/** A screen that is kept up to date: what was seen last stays, with the reason why it is old. */
export function LiveView<T>(props: {
  readonly live: Live<T>
  readonly children: (value: T) => ComponentChildren
}) {
  const { value, reason } = props.live
  return (
    <>
      {reason !== undefined && (
        <p class="unavailable" role="alert">
          {value === undefined ? 'Not available' : 'Not up to date'}: {reason}
        </p>
      )}
      {value !== undefined && props.children(value)}
      {value === undefined && reason === undefined && <p class="quiet">Loading…</p>}
    </>
  )
}
