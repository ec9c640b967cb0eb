using System.Net;

namespace Audit.Integrity.Witnesses;

/// <summary>Where a witness is, and with which key it cosigns.</summary>
public sealed record WitnessAddress(Uri Url, WitnessKey Key)
{
    public const string Accepted = "URL|KEY, the address of a witness and its verifier key name+hash+base64";

    /// <exception cref="NoteFormatException">The text is no address with a key.</exception>
    public static WitnessAddress Parse(string text) =>
        text.Split('|', 2) is [var url, var key] && Uri.TryCreate(url.TrimEnd('/') + "/", UriKind.Absolute, out var at)
        && at.Scheme is "http" or "https"
            ? new WitnessAddress(at, WitnessKey.Parse(key))
            : throw new NoteFormatException($"\"{text}\" names no witness; accepted is {Accepted}.");
}

/// <summary>Speaks C2SP tlog-witness to one witness.</summary>
internal sealed class WitnessClient(HttpClient http, WitnessAddress witness)
{
    private const int MostTries = 3;
    private const int LongestAnswer = 1 << 14;

    private long known;

    public WitnessAddress Witness => witness;

    /// <summary>Asks for a cosignature.</summary>
    /// <param name="prove">The proof that the checkpoint continues one of an older size.</param>
    public async Task<WitnessAnswer> AddAsync(
        SignedCheckpoint checkpoint, Func<long, Task<List<byte[]>>> prove, CancellationToken cancellation)
    {
        var size = checkpoint.Checkpoint.Size;
        known = known > size ? 0 : known;
        for (var attempt = 1; ; attempt++)
        {
            var proof = known is 0 || known == size ? [] : await prove(known);
            using var answer = await PostAsync(known, proof, checkpoint, cancellation);
            var text = await TextAsync(answer, cancellation);
            if (answer.StatusCode == HttpStatusCode.Conflict && attempt < MostTries
                && long.TryParse(text.TrimEnd('\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var has))
            {
                if (has > size)
                {
                    known = 0;
                    return new WitnessAnswer(null, has, $"it saw {has} entries of this log already");
                }

                known = has;
                continue;
            }

            if (!answer.IsSuccessStatusCode)
            {
                return new WitnessAnswer(null, null, $"it refused with {(int)answer.StatusCode}: {text.Trim()}");
            }

            known = size;
            return LineIn(text, checkpoint) is { } line
                ? new WitnessAnswer(line, null, null)
                : new WitnessAnswer(null, null, "what it answered is no cosignature of its key");
        }
    }

    private async Task<HttpResponseMessage> PostAsync(
        long old, List<byte[]> proof, SignedCheckpoint checkpoint, CancellationToken cancellation)
    {
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"old {old}\n");
        foreach (var hash in proof)
        {
            body.Append(Convert.ToBase64String(hash)).Append('\n');
        }

        body.Append('\n').Append(checkpoint);
        using var content = new StringContent(body.ToString());
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(witness.Url, "add-checkpoint"));
        request.Content = content;
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    private static async Task<string> TextAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        var bytes = new byte[LongestAnswer];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    // Only its own line is kept: what else it may send is not its to say.
    private string? LineIn(string text, SignedCheckpoint checkpoint)
    {
        try
        {
            var note = SignedNote.Parse($"{checkpoint.Note.Body}\n{text}");
            var signed = checkpoint with { Note = note };
            return note.Signatures.Where(line => line.Name == witness.Key.Name && line.KeyId == witness.Key.KeyId)
                .Select(line => (Line: line, Alone: signed with { Note = note with { Signatures = [line] } }))
                .Where(one => witness.Key.SeenAt(one.Alone) is not null)
                .Select(one => SignedNote.Line(one.Line))
                .FirstOrDefault();
        }
        catch (NoteFormatException)
        {
            return null;
        }
    }
}

/// <summary>What a witness made of a checkpoint.</summary>
/// <param name="Line">Its cosignature; null where it gave none.</param>
/// <param name="Ahead">How many entries it saw, where that is more than it was given.</param>
/// <param name="Problem">Why it gave none.</param>
internal sealed record WitnessAnswer(string? Line, long? Ahead, string? Problem);
