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

    /// <summary>Several files may show one event: `call.transitioned.v1`, `call.transitioned.v1+late`.</summary>
    public static string ManifestOf(string name) => name.Split('+')[0];

    public static void Matches(string name, EncodedEvent written)
    {
        var text = Nonce().Replace(Encoding.UTF8.GetString(written.Message.Span), Mask);
        Assert.Equal(ManifestOf(name), written.Manifest);
        Assert.True(File.Exists(Path.Combine(Folder, name + ".json")), $"There is no golden file {name}.json; the event is\n{text}");
        Assert.Equal(Text(name), text);
    }

    [GeneratedRegex("\"nonce\":\"[A-Za-z0-9_-]{22}\"")]
    private static partial Regex Nonce();
}
