using System.Text;

namespace Audit.Hammer.Nodes;

/// <summary>What a host was promised: where its message is, and the hash of the row.</summary>
internal readonly record struct Promise(long Position, string? Sha256);

/// <summary>
/// What hosts sent and what was acknowledged to them, in a file of their own that no node knows of. It is on the disk
/// before it is held against a store.
/// </summary>
internal sealed class Ledger(string path) : IDisposable
{
    private readonly Lock turn = new();
    private readonly FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.Read);
    private readonly Dictionary<string, Promise> promised = new(StringComparer.Ordinal);
    private readonly List<string> findings = [];
    private List<(string Key, Promise Promise)> fresh = [];

    public int Acknowledged
    {
        get
        {
            lock (turn)
            {
                return promised.Count;
            }
        }
    }

    /// <summary>What no node may do, in sentences.</summary>
    public IReadOnlyList<string> Findings
    {
        get
        {
            lock (turn)
            {
                return [.. findings];
            }
        }
    }

    /// <summary>Until when something was acknowledged last.</summary>
    public DateTime LastAt { get; private set; } = DateTime.UtcNow;

    /// <param name="isRepeat">It was acknowledged before, so that this must be the same place.</param>
    public void Receive(string key, Promise promise, bool isRepeat)
    {
        lock (turn)
        {
            file.Write(Encoding.UTF8.GetBytes($"{promise.Position} {promise.Sha256 ?? "-"} {key}\n"));
            LastAt = DateTime.UtcNow;
            if (promised.TryAdd(key, promise))
            {
                fresh.Add((key, promise));
            }
            else if (promised[key].Position != promise.Position)
            {
                findings.Add(
                    $"{key} was acknowledged at {promised[key].Position}, and then at {promise.Position}"
                    + (isRepeat ? " when it was sent again" : ""));
            }
        }
    }

    /// <summary>What was acknowledged since this was last asked.</summary>
    public IReadOnlyList<(string Key, Promise Promise)> Fresh()
    {
        lock (turn)
        {
            var asked = fresh;
            fresh = [];
            return asked;
        }
    }

    /// <summary>All that was acknowledged until now.</summary>
    public IReadOnlyList<(string Key, Promise Promise)> Now()
    {
        lock (turn)
        {
            return [.. promised.Select(one => (one.Key, one.Value))];
        }
    }

    public void Fail(string finding)
    {
        lock (turn)
        {
            findings.Add(finding);
        }
    }

    public void Flush()
    {
        lock (turn)
        {
            file.Flush(flushToDisk: true);
        }
    }

    /// <summary>All promises, as they lie on the disk.</summary>
    public IEnumerable<(string Key, Promise Promise)> Read()
    {
        Flush();
        return File.ReadLines(path).Select(line => line.Split(' ', 3)).Select(parts => (
            parts[2], new Promise(long.Parse(parts[0]), parts[1] == "-" ? null : parts[1])));
    }

    public void Dispose() => file.Dispose();
}
