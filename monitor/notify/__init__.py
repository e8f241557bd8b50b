"""Say it: digests and notices as frozen mail, and the way out to the recipient.

facts -> digest | notice -> MailView -> render -> bytes -> outbox -> email
"""
