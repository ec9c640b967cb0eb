namespace Audit.Projections.Folding;

/// <summary>
/// Keeps what was used of late, bounded: when the young generation is full it becomes the old one, and what nobody asks
/// for meanwhile is forgotten with it.
/// </summary>
internal sealed class Generations<TKey, TValue>(int limit)
    where TKey : notnull
    where TValue : class
{
    private Dictionary<TKey, TValue> young = [];
    private Dictionary<TKey, TValue> old = [];

    public TValue? Find(TKey key)
    {
        if (young.TryGetValue(key, out var found))
        {
            return found;
        }

        if (old.TryGetValue(key, out found))
        {
            Keep(key, found);
        }

        return found;
    }

    public void Keep(TKey key, TValue value)
    {
        young[key] = value;
        if (young.Count >= limit)
        {
            old = young;
            young = [];
        }
    }

    public void Forget(TKey key)
    {
        young.Remove(key);
        old.Remove(key);
    }

    public void Clear()
    {
        young = [];
        old = [];
    }
}
