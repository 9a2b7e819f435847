// Words to the person over the panel's lower edge, and for the ear.

import type { Notices } from "../core/ui/notices";

export function NoticePlace({ notice, clear }: Pick<Notices, "notice" | "clear">) {
  const act = () => {
    notice?.action?.();
    clear();
  };
  return (
    <>
      <div class="veo-notice-place">
        {notice !== undefined && notice.text !== "" && (
          <div class="veo-notice">
            <span>{notice.text}</span>
            {notice.action !== undefined && (
              <button type="button" class="veo-button" onClick={act}>
                {notice.label}
              </button>
            )}
          </div>
        )}
      </div>
      <div class="veo-unseen" aria-live="polite">
        {notice?.spoken}
      </div>
    </>
  );
}
