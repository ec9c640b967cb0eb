using Audit.Journal.Sealing;
using System.Text;
using System.Text.RegularExpressions;

namespace Audit.Lifecycle.Tests.Events;

/// <summary>The events as they lie in journals for ever. Only the nonce, which is random, is masked.</summary>
internal static partial class Golden
{
    private const string Mask = "\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\"";

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Events", "Golden");

    public static string Text(string name) => File.ReadAllText(Path.Combine(Folder, name + ".json")).TrimEnd('\n');

    public static JournalRow Row(string name) => new(
        7, "stream", 1, 0, ManifestOf(name), Encoding.UTF8.GetBytes(Text(name)));

    /// <summary>Several files may show one event: `call.transitioned.v2`, `call.transitioned.v2+late`.</summary>
    public static string ManifestOf(string name) => name.Split('+')[0];

    /// <summary>As those who may read it see it.</summary>
    public static JournalRow Opened(string name) => Opened(Row(name));

    public static JournalRow Opened(JournalRow row) =>
        row with { Message = Payload.Open(row, EventNames.PayloadMember(row.Manifest), KeyOf(row.PersistenceId), out _) };

    /// <summary>For an event at the place of the golden rows.</summary>
    public static EventWriter Writer(string stream = "stream")
    {
        var writer = new EventWriter(TestKeys.Proof);
        writer.Begin(new StreamKey(stream), 0, KeyOf(stream));
        return writer;
    }

    /// <summary>
    /// The head is written as it always was; payload and proof, which have a nonce of their own, open and prove as they
    /// always did.
    /// </summary>
    public static void Matches(string name, EncodedEvent written)
    {
        var row = new JournalRow(7, "stream", 1, 0, written.Manifest, written.Message.ToArray());
        var text = Encoding.UTF8.GetString(row.Message);
        Assert.Equal(ManifestOf(name), written.Manifest);
        Assert.True(File.Exists(Path.Combine(Folder, name + ".json")), $"There is no golden file {name}.json; the event is\n{text}");
        Assert.Equal(Head(Text(name)), Head(text));
        Assert.True(TestKeys.Proof.Proves(row));
        Assert.True(TestKeys.Proof.Proves(Row(name)));
        Assert.Equal(Masked(Opened(name)), Masked(Opened(row)));
    }

    private static string Masked(JournalRow row) => Head(Encoding.UTF8.GetString(row.Message));

    private static string Head(string text) => Nonce().Replace(Sealed().Replace(text, ""), Mask);

    private static byte[] KeyOf(string stream)
    {
        TestKeys.Seal.Payloads.EnsureAsync([new StreamKey(stream)], default).GetAwaiter().GetResult();
        return TestKeys.Seal.Payloads.TryGet(new StreamKey(stream), out var key) ? key! : throw new InvalidOperationException();
    }

    [GeneratedRegex("(,\"payload\":\"[A-Za-z0-9_-]+\")?,\"mac\":\"[a-z0-9]+[.][A-Za-z0-9_-]{22}\"}$")]
    private static partial Regex Sealed();

    [GeneratedRegex("\"nonce\":\"[A-Za-z0-9_-]{22}\"")]
    private static partial Regex Nonce();
}
