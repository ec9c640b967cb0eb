using Audit.Api.Diary;

namespace Audit.Api.Acting;

/// <summary>
/// Makes and revokes tokens and writes each act down, for those who come over HTTP and those who open the store.
/// </summary>
internal sealed class TokenBook(ITokenStore tokens, OperatorActs acts, TimeProvider clock, BearerTokens? known = null)
{
    /// <returns>The text of the token, or null when its name was given before.</returns>
    public async Task<string?> CreateAsync(NewToken wanted, string actor, CancellationToken cancellation)
    {
        var text = TokenText.New();
        var row = new TokenRow(
            wanted.Name, TokenText.HashOf(text).ToBytes(), wanted.Roles, wanted.Agent, wanted.Task,
            clock.GetUtcNow(), RevokedAt: null);
        if (!await tokens.AddAsync(row, cancellation))
        {
            return null;
        }

        await WriteCreatedAsync(wanted, actor);
        return text;
    }

    /// <returns>False when there is no such token, or it was revoked before.</returns>
    public async Task<bool> RevokeAsync(string name, string actor, CancellationToken cancellation)
    {
        try
        {
            if (!await tokens.RevokeAsync(name, clock.GetUtcNow(), cancellation))
            {
                return false;
            }

            await acts.WriteAsync("token.revoked", actor, json => json.WriteString("name", name));
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

    /// <summary>A token that nobody could write down must not be there either.</summary>
    private async Task WriteCreatedAsync(NewToken made, string actor)
    {
        try
        {
            await acts.WriteAsync("token.created", actor, json =>
            {
                json.WriteString("name", made.Name);
                json.WriteStartArray("roles");
                foreach (var role in made.Roles)
                {
                    json.WriteStringValue(role);
                }

                json.WriteEndArray();
                json.WriteString("agent", made.Agent);
                json.WriteString("task", made.Task);
            });
        }
        catch
        {
            await tokens.RevokeAsync(made.Name, clock.GetUtcNow(), CancellationToken.None);
            throw;
        }
    }
}
