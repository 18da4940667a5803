/** The shapes of what is coming, shown only when it takes longer than the eye notices. */

interface Props {
  width?: number | string;
  height?: number;
}

export function Skeleton({ width = "100%", height = 16 }: Props) {
  return <span class="skeleton" style={{ width, height }} />;
}

export function SkeletonCard({ lines = 4, label }: { lines?: number; label: string }) {
  return (
    <section class="card pad" aria-busy="true" aria-label={`${label} is loading`}>
      <div class="page">
        <Skeleton width="40%" height={24} />
        {Array.from({ length: lines }, (_, index) => (
          <Skeleton key={index} width={`${92 - index * 9}%`} height={12} />
        ))}
      </div>
    </section>
  );
}
