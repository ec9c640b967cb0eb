namespace Audit.Actors.Streams;

/// <summary>
/// Whether a stream that this node does not know is taken for new, without a look into the journal. Nearly all are; the
/// fence of the journal settles it, and what was decided on a lost bet is written nowhere and answered to nobody.
/// </summary>
internal sealed class NewStreamBets(int mostKnown, bool isOn)
{
    /// <summary>After so many streams it is seen anew whether betting pays.</summary>
    private const int Window = 100;

    /// <summary>One lost bet in so many is too much: a lost one costs far more than a read.</summary>
    private const int LostBetShare = 10;

    private readonly Lock gate = new();
    private readonly KnownStreams known = new(mostKnown);
    private bool areLost;
    private int seen;
    private int old;

    public StreamBet On(StreamKey stream)
    {
        lock (gate)
        {
            return !isOn || known.Contains(stream) ? default : new StreamBet(this, isOpen: !areLost);
        }
    }

    /// <summary>The stream lies in the journal, or may: nobody bets on it again.</summary>
    public void Know(StreamKey stream)
    {
        lock (gate)
        {
            known.Add(stream);
        }
    }

    /// <summary>What an unknown stream turned out to be, betted on or read.</summary>
    public void Turned(bool wasOld)
    {
        lock (gate)
        {
            old += wasOld ? 1 : 0;
            if (++seen == Window)
            {
                areLost = old * LostBetShare > seen;
                (seen, old) = (0, 0);
            }
        }
    }
}

/// <summary>What one actor bets on its stream; nothing, where the stream is known.</summary>
internal struct StreamBet(NewStreamBets bets, bool isOpen)
{
    private NewStreamBets? bets = bets;

    /// <summary>The stream is taken for new, and nothing has settled that yet.</summary>
    public bool IsOpen { get; private set; } = isOpen;

    /// <summary>Whether the stream was in the journal before is known now.</summary>
    public void Turned(bool wasOld)
    {
        IsOpen = false;
        bets?.Turned(wasOld);
        bets = null;
    }
}
