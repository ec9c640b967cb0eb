using Audit.Api.Diary;

namespace Audit.Api.Acting;

/// <summary>
/// Makes and revokes tokens and writes each act down, for those who come over HTTP and those who open the store.
/// </summary>
internal sealed class TokenBook(
    IAuditStore store, SourceBook sources, OperatorActs acts, TimeProvider clock, BearerTokens? known = null)
{
    /// <returns>The row and the text of the token, or null when its name was given before.</returns>
    /// <exception cref="RefusedException">A name in it holds a secret, or looks like another.</exception>
    public async Task<(TokenRow Row, string Text)?> CreateAsync(
        NewToken wanted, Actor actor, CancellationToken cancellation)
    {
        RefuseSecrets(wanted);
        await RefuseLookAlikesAsync(wanted, cancellation);
        // A name stands for one bearer for ever, so none is used up by what could not be written down.
        await acts.RequireTakingAsync();
        var source = wanted.Source is null ? null : await sources.EnsureAsync(wanted.Source, actor, cancellation);
        var (text, now) = (TokenText.New(), clock.GetUtcNow());
        var row = new TokenRow(
            wanted.Name, TokenText.HashOf(text).ToBytes(), wanted.Roles, wanted.Person, source, wanted.Bound, now,
            actor.Person)
        {
            ExpiresAt = now + wanted.Lasts,
        };
        if (!await store.Tokens.AddAsync(row, cancellation))
        {
            return null;
        }

        await WriteCreatedAsync(row, actor);
        return (row, text);
    }

    /// <returns>False when there is no such token, or it was revoked before.</returns>
    public async Task<bool> RevokeAsync(string name, Actor actor, CancellationToken cancellation)
    {
        try
        {
            if (!await store.Tokens.RevokeAsync(name, clock.GetUtcNow(), cancellation))
            {
                return false;
            }

            // Before it is written down, for live readers look again when they see that.
            known?.ForgetAll();
            await acts.WriteAsync(
                StreamNames.People, PeopleAct.TokenRevoked, actor.Name, json => json.WriteString("name", name));
            return true;
        }
        finally
        {
            // The token is revoked even where that could not be written down any more.
            known?.ForgetAll();
        }
    }

    public static string TakenSentence(string name) =>
        $"There is, or was, a token named \"{name}\"; a name stands for one bearer for ever.";

    public static string UnknownSentence(string name) => $"There is no token \"{name}\" that is not revoked already.";

    /// <summary>Names stand as they are in every list and in the book.</summary>
    private void RefuseSecrets(NewToken wanted)
    {
        var bound = wanted.Bound;
        (string Member, IEnumerable<string?> Names)[] all =
        [
            ("name", [wanted.Name]), ("person", [wanted.Person]), ("source", [wanted.Source]), ("agents", bound.Agents),
            ("tasks", bound.Tasks), ("sources", bound.Sources),
        ];
        foreach (var (member, names) in all)
        {
            if (names.Select(acts.Refuse).FirstOrDefault(one => one is not null) is { } refusal)
            {
                throw new RefusedException(Problem.Unprocessable($"{member}: {refusal}."));
            }
        }
    }

    /// <summary>Another person is another name: so none is taken for another, nor a source or a token.</summary>
    private async Task RefuseLookAlikesAsync(NewToken wanted, CancellationToken cancellation)
    {
        var rows = await store.Tokens.ListAsync(cancellation);
        (string Member, string? Name, IEnumerable<string?> Known)[] all =
        [
            ("name", wanted.Name, rows.Select(row => row.Name)),
            ("person", wanted.Person, rows.Select(row => row.Person)),
            ("source", wanted.Source, rows.Select(row => row.Source?.Name)),
        ];
        foreach (var (member, name, known) in all.Where(one => one.Name is not null))
        {
            var shape = HiddenText.ShapeOf(name!);
            if (known.FirstOrDefault(one =>
                one is not null && one != name && HiddenText.ShapeOf(one) == shape) is { } other)
            {
                throw new RefusedException(Problem.Unprocessable(
                    $"{member}: \"{name}\" is taken for \"{other}\", which is another one; write it in the same way "
                        + "or choose a name that nobody takes for it."));
            }
        }
    }

    /// <summary>A token that nobody could write down must not be there either.</summary>
    private async Task WriteCreatedAsync(TokenRow made, Actor actor)
    {
        try
        {
            await acts.WriteAsync(StreamNames.People, PeopleAct.TokenCreated, actor.Name, json =>
            {
                json.WriteString("name", made.Name);
                WriteTexts(json, "roles", made.Roles);
                json.WriteString("person", made.Person);
                json.WriteString("source", made.Source?.Name);
                WriteTexts(json, "agents", made.Bound.Agents);
                WriteTexts(json, "tasks", made.Bound.Tasks);
                WriteTexts(json, "sources", made.Bound.Sources);
                json.WriteString("expires_at", made.ExpiresAt is { } end ? Timestamp.From(end).ToString() : null);
                json.WriteString("by_person", made.CreatedBy);
            });
        }
        catch
        {
            await store.Tokens.RevokeAsync(made.Name, clock.GetUtcNow(), CancellationToken.None);
            throw;
        }
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
