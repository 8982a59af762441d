import { useSignal } from '@preact/signals'
import type { Letter } from '../../src/contract/outbox-screen.ts'
import { counted, dateAndTime } from '../format.ts'
import { useLive } from '../live.ts'
import { ActButton } from '../parts/act-button.tsx'
import { LiveView } from '../parts/part.tsx'

const everyMs = 15_000

/** The dead letters of one kind, with payloads that show their fields alone. */
export function Letters(props: { readonly sink: string; readonly fingerprint: string }) {
  const query = new URLSearchParams({ sink: props.sink, fingerprint: props.fingerprint })
  const live = useLive<readonly Letter[]>(`outbox/letters?${query.toString()}`, everyMs)
  return (
    <LiveView live={live.value}>
      {(letters) => (
        <ul class="letters">
          {letters.map((letter) => (
            <LetterItem key={letter.eventId} letter={letter} />
          ))}
        </ul>
      )}
    </LiveView>
  )
}

function LetterItem({ letter }: { readonly letter: Letter }) {
  const { sink, eventId, eventType, aggregateType, aggregateId } = letter
  const payload = useSignal<unknown>(undefined)
  const isRevealed = payload.value !== undefined
  const input = { sink, eventIds: [eventId] }
  return (
    <li>
      <p>
        <b>{eventType}</b> of {aggregateType} {aggregateId}
      </p>
      <p class="quiet">
        given up {dateAndTime(letter.failedAt)} after {counted(letter.attempts, 'attempt')},{' '}
        {counted(letter.waiting, 'event')} behind it, event <code>{eventId}</code>
      </p>
      <pre tabIndex={0} role="group" aria-label={isRevealed ? 'Payload' : 'Fields of the payload'}>
        {JSON.stringify(isRevealed ? payload.value : letter.shape, null, 2)}
      </pre>
      <p class="buttons">
        {!isRevealed && (
          <ActButton
            label="Reveal the payload"
            action="outbox/reveal"
            input={{ sink, eventId }}
            question="Show the values of this payload? They may be personal; the audit says that you saw them."
            onDone={({ data }) => (payload.value = data)}
          />
        )}
        <ActButton
          label="Replay"
          action="outbox/replay"
          input={input}
          question={`Deliver this event to ${sink} again?`}
        />
        <ActButton
          label="Discard"
          action="outbox/discard"
          input={input}
          isDanger
          question={`Drop this event for ${sink}, for good?`}
        />
      </p>
    </li>
  )
}
