/** Query parameters (and form fields) whose values open doors: ours, RTMP users' habits, and those of signed AWS URLs. */
const SECRET_PARAMETER =
  /([?&;](?:key|token|secret|pass|passwd|password|pwd|streamkey|sessiontoken|x-amz-signature|x-amz-credential|x-amz-security-token)=)[^&;#\s"'\\]+/gi;

/** `user:password@` of a URL. */
const USER_INFO = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^/?#\s"'\\@]+@/gi;

const HIDDEN = '***';

/** Hides the secrets of every URL in a text: values of `key=`, `token=`... and `user:password@`. */
export function redactUrl(text: string): string {
  return text.replace(SECRET_PARAMETER, `$1${HIDDEN}`).replace(USER_INFO, `$1${HIDDEN}@`);
}
