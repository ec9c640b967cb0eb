namespace Audit.Lifecycle.Redaction;

/// <summary>What a thread uses again for each text that may hold a secret.</summary>
internal sealed class Scratch
{
    private const int LargestKept = 1 << 16;

    [ThreadStatic] private static Stack<Scratch>? spare;

    private char[] letters = new char[4096];

    public List<Finding> Found { get; } = [];

    public SortedSet<string> Rules { get; } = new(StringComparer.Ordinal);

    public static Scratch Rent() => (spare ??= new Stack<Scratch>()).TryPop(out var one) ? one : new Scratch();

    public void Return()
    {
        Found.Clear();
        Rules.Clear();
        letters = letters.Length > LargestKept ? new char[4096] : letters;
        spare!.Push(this);
    }

    /// <summary>The bytes as characters, one each.</summary>
    public ReadOnlySpan<char> Widen(ReadOnlySpan<byte> bytes)
    {
        if (letters.Length < bytes.Length)
        {
            letters = new char[Math.Max(bytes.Length, 2 * letters.Length)];
        }

        Encoding.Latin1.GetChars(bytes, letters);
        return letters.AsSpan(0, bytes.Length);
    }
}
