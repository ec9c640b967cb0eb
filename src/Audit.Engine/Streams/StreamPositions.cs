namespace Audit.Engine.Streams;

/// <summary>Where the events of one stream lie, by sequence number.</summary>
internal struct StreamPositions
{
    // Most streams are short: only what comes after the first event takes an array.
    private long first;
    private long[]? later;
    private int committed;
    private Dictionary<long, long>? scattered;

    /// <summary>How many numbers of the stream are not in the journal.</summary>
    public long Missing { get; private set; }

    /// <summary>Adds the next event as it was read from the journal.</summary>
    public void AddRead(long sequence, long position)
    {
        if (sequence > committed + Missing + 1)
        {
            // Rare, and whoever wrote the row may have chosen any number: only what is there takes room.
            scattered ??= Whole();
            Missing = sequence - committed - 1;
        }

        Add(position);
    }

    /// <summary>Adds the next event, which was just written.</summary>
    public void Add(long position)
    {
        if (scattered is not null)
        {
            scattered[committed + Missing + 1] = position;
        }
        else if (committed == 0)
        {
            first = position;
        }
        else
        {
            later ??= new long[2];
            if (committed > later.Length)
            {
                Array.Resize(ref later, committed * 2);
            }

            later[committed - 1] = position;
        }

        committed++;
    }

    /// <summary>Gives a receipt the position of what it stands for; what wrote nothing has none.</summary>
    public readonly void Place(Receipt receipt) => receipt.Position =
        receipt.Status is ReceiptStatus.Refused or ReceiptStatus.Counted ? 0 : Of(receipt.Sequence);

    private readonly long Of(long sequence) =>
        scattered is not null ? scattered.GetValueOrDefault(sequence)
        : sequence < 1 || sequence > committed ? 0 : sequence == 1 ? first : later![sequence - 2];

    private readonly Dictionary<long, long> Whole()
    {
        var whole = new Dictionary<long, long>();
        for (var sequence = 1; sequence <= committed; sequence++)
        {
            whole.Add(sequence, Of(sequence));
        }

        return whole;
    }
}

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
