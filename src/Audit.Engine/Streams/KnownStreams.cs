namespace Audit.Engine.Streams;

/// <summary>
/// Streams that lie in the journal and not in memory, by the hash of their names: of them nobody bets that they are
/// new. Two streams of one hash cost a look into the journal and nothing else.
/// </summary>
internal sealed class KnownStreams(int most)
{
    private HashSet<int> young = [];
    private HashSet<int> old = [];

    public bool Contains(StreamKey key) => young.Contains(key.GetHashCode()) || old.Contains(key.GetHashCode());

    public void Add(StreamKey key)
    {
        if (young.Count >= most / 2)
        {
            (young, old) = (old, young);
            young.Clear();
        }

        young.Add(key.GetHashCode());
    }
}
