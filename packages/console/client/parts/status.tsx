const signs = { up: '●', degraded: '▲', down: '■' } as const

const meanings = {
  up: 'answers',
  degraded: 'answers, but something that depends on it is bypassed',
  down: 'does not answer',
} as const

/** What the states of a store mean, in a line. */
export function StatusMeanings() {
  return (
    <p class="quiet">
      {(['up', 'degraded', 'down'] as const).map((state) => (
        <span key={state}>
          <Status of={state} /> {meanings[state]}{' '}
        </span>
      ))}
    </p>
  )
}

/** A state in a word, a shape and a colour. */
export function Status({ of }: { readonly of: 'up' | 'degraded' | 'down' }) {
  return (
    <span class={`status ${of}`}>
      <span aria-hidden="true">{signs[of]}</span> {of}
    </span>
  )
}
