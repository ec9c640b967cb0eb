using Audit.Api.Diary;

namespace Audit.Api.Log;

/// <summary>
/// Signs the receipts of an answer for who asks for that, with a key of this node that a sealed row makes one for
/// receipts. Whoever has the answer and the log's key can show later what the node acknowledged.
/// </summary>
internal sealed class ReceiptSigner(
    NodeLog log, IAuditStore store, OperatorActs acts, ApiSettings settings, TimeProvider clock)
{
    public const string Header = "Audit-Sign";

    private static readonly TimeSpan RefusalLasts = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim turn = new(1);
    private readonly KeyFile file = new(Path.Combine(settings.Data, "receipt.key"));
    private Certified? known;
    private (DateTimeOffset Until, string Why) refused;

    /// <returns>Null where the request does not ask for it.</returns>
    /// <exception cref="RefusedException">The header is wrong, or no key is in the log: nothing was taken.</exception>
    public async Task<AnswerSignature?> ReadAsync(HttpContext context, bool leavesOut)
    {
        var values = context.Request.Headers[Header];
        if (values.Count == 0)
        {
            return null;
        }

        if (values != "1" || leavesOut)
        {
            throw new RefusedException(Problem.BadHeader(Header, leavesOut
                ? "receipts that are left out cannot be signed; send without Prefer: return=minimal."
                : $"\"{values}\" is not accepted; accepted is 1."));
        }

        return new AnswerSignature(await RequireAsync(context.RequestAborted), clock);
    }

    private async Task<Certified> RequireAsync(CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            if (clock.GetUtcNow() < refused.Until)
            {
                // Nobody waits in a row behind those who wait in vain.
                throw Refusal(refused.Why);
            }

            var head = await log.TryHeadAsync(cancellation);
            if (known is null || head is null || known.LogKey != head.Log.Key)
            {
                known = await CertifyAsync(cancellation);
            }

            return known;
        }
        catch (LogKeyException failure)
        {
            throw NotNow(failure.Message);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<Certified> CertifyAsync(CancellationToken cancellation)
    {
        if (log.IsHalted)
        {
            throw NotNow("the log is halted");
        }

        var signer = file.Find() ?? await file.CreateAsync($"receipts.{Guid.NewGuid():N}");
        var position = await FindAsync(signer.Key, cancellation) ?? await acts.WriteFactsAsync(
            StreamNames.ReceiptKeys, CertifiedKey.Act, OperatorActs.Node,
            json => json.WriteString("key", signer.Key.ToString()));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(log.WaitPatience);
        try
        {
            if (!await log.Sealer.WaitForSealedAsync(position, patience.Token))
            {
                throw NotNow("the log is halted");
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw NotNow("the log is not sealed now");
        }

        var proofs = await log.Reader.ProveAllAsync([position], cancellation);
        return await log.TryHeadAsync(cancellation) is { } head && proofs.Places.TryGetValue(position, out var place)
            && await store.Journal.ReadRowAsync(position, cancellation) is { } row
            ? new Certified(signer, head.Log.Key, head.Log.Origin, AnswerOf(row, proofs, place, head.Log.Chain))
            : throw NotNow("the log does not have its key");
    }

    /// <summary>The position of the row that certifies a key.</summary>
    private async Task<long?> FindAsync(VerifierKey key, CancellationToken cancellation)
    {
        var rows = await store.Journal.ReadStreamAsync(
            new StreamKey(StreamNames.ReceiptKeys), afterSequence: 0, int.MaxValue, cancellation);
        return rows.FirstOrDefault(row => row.IsProven && CertifiedKey.KeyOf(row.Message) == key)?.Position;
    }

    private CertificateAnswer AnswerOf(JournalRow row, SharedProofs proofs, ProofPlace place, KeyChain keys)
    {
        var salt = new byte[EntryKeys.SaltSize];
        log.Entries.Salt(Encoding.UTF8.GetBytes(row.PersistenceId), salt);
        return new CertificateAnswer(
            new StoredRowAnswer(
                row.Position, row.PersistenceId, row.Sequence, row.CreatedTicks.ToString(CultureInfo.InvariantCulture),
                row.Manifest, row.Message, salt, Encoding.UTF8.GetString(place.Entry), proofs.Of(place).ToString()),
            keys.First.ToString(), keys.Notes);
    }

    private RefusedException NotNow(string why)
    {
        refused = (clock.GetUtcNow() + RefusalLasts, why);
        return Refusal(why);
    }

    private static RefusedException Refusal(string why) => new(new Problem(
        503, "unsigned", "Receipts cannot be signed now",
        $"Receipts cannot be signed now, for {why}; nothing was taken. Send without {Header}, or again later.")
    {
        RetryAfter = 5,
    });
}

/// <summary>A key for receipts, and what shows that it is one.</summary>
internal sealed record Certified(ILogSigner Signer, VerifierKey LogKey, string Origin, CertificateAnswer Certificate);

/// <summary>One signature over the receipts of an answer, in the order in which they are given.</summary>
internal sealed class AnswerSignature(Certified key, TimeProvider clock)
{
    private readonly ReceiptTree tree = new();

    public CertificateAnswer Certificate => key.Certificate;

    public void Add(ReadOnlySpan<Receipt> receipts)
    {
        foreach (var receipt in receipts)
        {
            if (receipt.Position > 0)
            {
                tree.Add(
                    receipt.Position, receipt.Sequence, receipt.Sha256.IsEmpty ? null : HexOf(receipt.Sha256),
                    receipt.Status.ToString().ToLowerInvariant());
            }
        }
    }

    /// <returns>A signed note.</returns>
    public async Task<string> SignAsync()
    {
        var root = new ReceiptRoot(key.Origin, tree.Count, tree.Root(), clock.GetUtcNow());
        return (await root.SignAsync(key.Signer, CancellationToken.None)).ToString();
    }

    /// <summary>Signs an answer whose body has its own form, by headers: signature and certificate in base64.</summary>
    public async Task SignAsync(HttpResponse response, IReadOnlyList<Receipt> receipts)
    {
        Add([.. receipts]);
        var note = await SignAsync();
        response.Headers["Audit-Signature"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(note));
        response.Headers["Audit-Certificate"] = Convert.ToBase64String(
            JsonSerializer.SerializeToUtf8Bytes(Certificate, WireJson.Plain.CertificateAnswer));
    }

    private static string HexOf(in MessageHash sha256)
    {
        Span<byte> hash = stackalloc byte[TreeHash.Size];
        sha256.CopyTo(hash);
        return Convert.ToHexStringLower(hash);
    }
}
