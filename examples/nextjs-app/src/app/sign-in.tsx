import { signIn } from './actions.ts'

/** The form that begins a session. */
export function SignIn({ query }: { readonly query: string }) {
  return (
    <form action={signIn} aria-label="Sign in">
      <input type="hidden" name="q" value={query} />
      <label htmlFor="email">E-mail</label>
      <input id="email" name="email" type="email" autoComplete="username" required />
      <label htmlFor="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
      <button>Sign in</button>
    </form>
  )
}
