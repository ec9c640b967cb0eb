using System.Text;
using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Export;

/// <summary>Writes an export to the standard output, and tells how far it has come.</summary>
internal sealed class BookOutput(Surroundings surroundings, IProgress<VerifyProgress>? progress)
{
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    public void Write(ReadOnlySpan<byte> piece)
    {
        var text = new char[decoder.GetCharCount(piece, flush: false)];
        decoder.GetChars(piece, text, flush: false);
        surroundings.Out.Write(surroundings.OutIsTerminal ? Printable(new string(text)) : new string(text));
    }

    public void Passed(long position, long last) => progress?.Report(new VerifyProgress(position, last));

    /// <summary>What an agent wrote must not move the cursor of the one who reads it.</summary>
    private static string Printable(string text) => string.Join('\n', text.Replace("\r\n", "\n").Split('\n').Select(PrintableText.Of));
}
