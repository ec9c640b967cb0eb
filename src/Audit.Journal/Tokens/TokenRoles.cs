namespace Audit.Journal.Tokens;

/// <summary>Roles as they lie in both stores: names with a space between.</summary>
internal static class TokenRoles
{
    public static string Join(IReadOnlyList<string> roles)
    {
        foreach (var role in roles)
        {
            if (role.Length == 0 || role.Contains(' '))
            {
                throw new ArgumentException($"\"{role}\" cannot be a role: it is empty or has a space in it.", nameof(roles));
            }
        }
        return string.Join(' ', roles);
    }

    public static IReadOnlyList<string> Split(string roles) => roles.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
