using System.Security.Cryptography;

namespace Audit.Integrity.Sealing;

/// <summary>
/// Lets a node that remembers the log say so to one that does not: the store alone cannot, for it may have been set
/// back. The answer is a checkpoint that is signed for the question, so that none from before can pass for it.
/// </summary>
internal sealed class Vouching(LogStore store)
{
    private const string Line = "audit-vouch ";
    private const int ChallengeBytes = 16;

    private string? challenge;

    /// <summary>Asks the node that seals now, or looks for its answer.</summary>
    /// <returns>Whether it vouched for the store's newest checkpoint.</returns>
    public async Task<bool> AskAsync(LogRecord log, SignedCheckpoint? newest, CancellationToken cancellation)
    {
        if (challenge is null)
        {
            challenge = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(ChallengeBytes));
            await store.AskVouchAsync(log.Number, challenge, cancellation);
            return false;
        }

        if (await store.ReadVouchAsync(challenge, cancellation) is not { } answer)
        {
            return false;
        }

        await store.DropVouchAsync(challenge, cancellation);
        var asked = challenge;
        challenge = null;
        return Parse(answer) is { } vouched && vouched.IsSignedBy(log.Key)
            && vouched.Note.Body.EndsWith($"\n{Line}{asked}\n", StringComparison.Ordinal)
            && await TakeOver.ExtendsAsync(
                store, log, newest?.Checkpoint.Size ?? 0, vouched.Checkpoint, cancellation);
    }

    /// <summary>Answers, as the node that seals, for as long as it does.</summary>
    public async Task AnswerAsync(
        LogSession session, LogRecord log, ILogSigner signer, LocalCheckpoint file, SealerOptions options,
        CancellationToken cancellation)
    {
        while (true)
        {
            foreach (var question in await store.ReadOpenVouchesAsync(log.Number, cancellation))
            {
                // Anything else in its place would be a text of the asker's choice under our signature.
                if (question.Challenge.Length == 2 * ChallengeBytes && question.Challenge.All(char.IsAsciiHexDigitLower)
                    && file.Read() is { } known && known.Checkpoint.Origin == log.Origin)
                {
                    var body = $"{known.Checkpoint}{Line}{question.Challenge}\n";
                    var answer = await SignedNote.SignAsync(body, signer, cancellation);
                    await session.AnswerVouchAsync(question.Challenge, answer.ToString(), cancellation);
                }
            }

            await Task.Delay(options.Patience, options.Clock, cancellation);
        }
    }

    private static SignedCheckpoint? Parse(string answer)
    {
        try
        {
            return SignedCheckpoint.Parse(answer);
        }
        catch (NoteFormatException)
        {
            return null;
        }
    }
}
