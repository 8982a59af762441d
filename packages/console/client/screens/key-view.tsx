import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { KeyState } from '../../src/contract/screens.ts'
import { dateAndTime, duration, number, timeOfDay } from '../format.ts'
import { useLive } from '../live.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Facts } from '../parts/facts.tsx'
import { LiveView } from '../parts/part.tsx'

const everyMs = 1_000

/** The state of a key, as it changes, and what it was before. */
export function KeyView({ cacheKey }: { readonly cacheKey: string }) {
  const query = new URLSearchParams({ key: cacheKey }).toString()
  const live = useLive<KeyState>(`caches/key?${query}`, everyMs)
  const life = useSignal<readonly string[]>([])
  const { value } = live.value
  useEffect(() => {
    const said = value === undefined ? undefined : lifeOf(value)
    if (said !== undefined && life.peek().at(-1) !== said) life.value = [...life.peek(), said]
  }, [value])
  return (
    <LiveView live={live.value}>
      {(state) => (
        <div class="card">
          <h3>
            <code>{cacheKey}</code>: {state.state}
          </h3>
          <Facts of={factsOf(state)} />
          {state.holders.length > 0 && (
            <ul aria-label="Writers that hold the key">
              {state.holders.map(({ owner, until }) => (
                <li key={owner}>
                  <code>{owner}</code>, until {dateAndTime(until)} at the latest
                </li>
              ))}
            </ul>
          )}
          <p class="quiet">Seen: {life.value.join(' → ')}</p>
          {state.state === 'foreign' ? (
            <p class="quiet">No cache has written it, so it cannot be invalidated.</p>
          ) : (
            <ActButton
              label="Invalidate"
              action="caches/invalidate"
              input={{ key: cacheKey }}
              question={`Invalidate ${cacheKey}? The next read loads it from PostgreSQL.`}
            />
          )}
        </div>
      )}
    </LiveView>
  )
}

/** A state in a word or two; another version of an entry is another state. */
function lifeOf({ state, holders, entry }: KeyState): string {
  if (entry !== undefined) return `value until ${timeOfDay(entry.expiresAt)}`
  return state === 'hold' ? `held by ${holders.length}` : state
}

function factsOf({ state, leftMs, entry }: KeyState): Readonly<Record<string, string>> {
  if (state === 'absent') return { Stored: 'nothing' }
  const life = { 'Time to live': leftMs === undefined ? 'for ever' : duration(leftMs) }
  if (entry === undefined) return life
  return {
    ...life,
    Row: entry.isRow ? 'exists' : 'does not exist',
    Trusted: entry.isTrusted ? 'yes' : 'no: of another server or an earlier flush',
    'Refreshed from': dateAndTime(entry.refreshAt),
    'Expires at': dateAndTime(entry.expiresAt),
    Tags: number(entry.tags),
    Length: `${number(entry.length)} characters`,
  }
}
