namespace Audit.Formats.Correlation;

/// <summary>Remembers so many entries and forgets the oldest first. Safe for many readers at once.</summary>
internal sealed class BoundedMemory<TKey, TValue>(int most)
    where TKey : notnull
{
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> entries = [];
    private readonly LinkedList<(TKey Key, TValue Value)> byAge = [];

    public bool TryGet(TKey key, out TValue value)
    {
        lock (gate)
        {
            var found = entries.TryGetValue(key, out var entry);
            value = found ? entry!.Value.Value : default!;
            return found;
        }
    }

    /// <param name="change">Makes the new value of the old one, of which there may be none.</param>
    public void Change(TKey key, Func<TValue?, TValue> change)
    {
        lock (gate)
        {
            var old = default(TValue);
            if (entries.Remove(key, out var entry))
            {
                old = entry.Value.Value;
                byAge.Remove(entry);
            }

            entries[key] = byAge.AddLast((key, change(old)));
            if (entries.Count > most)
            {
                entries.Remove(byAge.First!.Value.Key);
                byAge.RemoveFirst();
            }
        }
    }

    public void Set(TKey key, TValue value) => Change(key, _ => value);
}
